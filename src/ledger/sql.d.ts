// SQL files are imported as text (Bun embeds them into the binary).
declare module "*.sql" {
  const text: string;
  export default text;
}
