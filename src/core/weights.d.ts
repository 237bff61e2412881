// Trained weights are imported as text: base64 inside the binary.
declare module "*.b64" {
  const text: string;
  export default text;
}
