// The version of this program, from package.json: one place to change it.

import { version } from "../package.json";

export const VERSION: string = version;
