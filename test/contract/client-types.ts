// The types of a client, made from the document by openapi-typescript.
import { plugin } from "bun";

// It builds its output with the compiler's own API, which TypeScript 7 no longer has.
plugin({
  name: "typescript with an API",
  setup(build) {
    build.module("typescript", async () => ({
      exports: { default: (await import("typescript5")).default },
      loader: "object",
    }));
  },
});

const HEAD =
  "// The types of a client of the API. Generated from openapi.json: bun run openapi\n\n";

/** The text of a module of types for this document. */
export async function clientTypes(document: object): Promise<string> {
  const { default: openapiTS, astToString } = await import("openapi-typescript");
  const tree = await openapiTS(JSON.stringify(document));
  return `${HEAD}${astToString(tree)}`;
}
