// `imail version`: which program this is.

import { VERSION } from "../version.ts";
import { show } from "./output.ts";

export function version(json: boolean | undefined): void {
  const runtime = `bun ${Bun.version}`;
  show({ version: VERSION, runtime, platform: `${process.platform}-${process.arch}` }, json);
}
