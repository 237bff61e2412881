// `bun scripts/scalar.ts`: fetches the one file of Scalar that the reference page needs into src/pages/docs. Pinned by
// version and SHA-256. No dependency: the package brings 261 others. For a new version change both pins.

import { join } from "node:path";

import { SCALAR_VERSION } from "../src/pages/docs/reference.ts";
import { ROOT } from "./install.ts";

const SHA256 = "bf091006bdc3af6067af77c2f534812e3e633e94a94e87138069f570f33b762c";
const FILE = "package/dist/browser/standalone.js";
const TARBALL = `https://registry.npmjs.org/@scalar/api-reference/-/api-reference-${SCALAR_VERSION}.tgz`;

const answer = await fetch(TARBALL);
if (!answer.ok) throw new Error(`${TARBALL} answered ${answer.status}`);
const files = await new Bun.Archive(await answer.bytes()).files(FILE);
const script = await files.get(FILE)?.bytes();
if (!script) throw new Error(`${TARBALL} has no ${FILE}`);
const sum = new Bun.CryptoHasher("sha256").update(script).digest("hex");
if (sum !== SHA256) throw new Error(`${FILE} has the SHA-256 ${sum}, not the pinned one`);
const packed = Bun.gzipSync(new Uint8Array(script), { level: 9 });
const path = join(ROOT, "src/pages/docs/scalar.js.gz");
await Bun.write(path, packed);
process.stdout.write(`${path}  ${packed.length} bytes\n`);
