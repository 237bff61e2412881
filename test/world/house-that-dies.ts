// A program of its own: opens the house of a data directory, asks it one thing over its API, and is gone (kill -9) at one
// of the commits that this makes, before or after it. Prints the answer when it lives to see it.
//   bun test/world/house-that-dies.ts <dir> <before|after> <which commit, from 1> <ledger mode> <request as JSON>

import { openHouse } from "../../src/house.ts";
import { listWorkspaces } from "../../src/resources/workspaces/store.ts";

interface Order {
  path: string;
  headers: Record<string, string>;
  body: string;
}

const [dir = "", when = "", nth = "1", mode = "", json = ""] = process.argv.slice(2);
// oxlint-disable-next-line no-unsafe-type-assertion -- the test has written it
const order = JSON.parse(json) as Order;

const house = await openHouse(
  {
    dir,
    host: "127.0.0.1",
    port: 0,
    allow_host: [],
    log_level: "silent",
    backups: null,
    master_key: null,
  },
  { ballast: false },
);
const { db } =
  mode === "control"
    ? house.control
    : house.ledgers.get(
        listWorkspaces(house.control)[0]?.id ?? 0,
        mode === "test" ? "test" : "live",
      );

const run = db.run.bind(db);
let commits = 0;
const die = () => process.kill(process.pid, "SIGKILL");
const listening = (sql: string) => {
  const is_last = sql === "COMMIT" && ++commits === Number(nth);
  if (is_last && when === "before") die();
  const done = run(sql);
  if (is_last) die();
  return done;
};
Object.defineProperty(db, "run", { value: listening });

const { path, headers, body } = order;
const answer = await house.app.handle(
  new Request(`http://localhost${path}`, { method: "POST", headers, body }),
);
process.stdout.write(await answer.text());
await house.close();
