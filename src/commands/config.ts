// `imail config show`: every setting with where its value comes from. Secrets are never shown.

import type { ReadConfig } from "../config.ts";
import { show } from "./output.ts";

export function showConfig({ values }: ReadConfig, json: boolean | undefined): void {
  show(
    values.map(({ name, value, source }) => ({ name, value, source })),
    json,
  );
}
