// The one source of chance.
import { randomBytes } from "node:crypto";

import type { Random } from "../core/random.ts";

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => randomBytes(length),
};
