// Files that Bun embeds into the binary: their import is the path to open.
declare module "*.gz" {
  const path: string;
  export default path;
}
