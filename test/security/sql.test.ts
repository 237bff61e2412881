// A6: what a caller sends is bound, never written into a statement. The first test reads every statement of the source,
// the second sends what breaks out of statements to every route.
import { afterAll, beforeAll, expect, test } from "bun:test";

import { Glob } from "bun";

import { openDatabase } from "../../src/ledger/database.ts";
import { LEDGER_MIGRATIONS } from "../../src/ledger/migrations.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { furnish } from "./all-routes.ts";

/** What is built of more than one constant, and why nothing of a caller can be in it. */
const BUILT: Record<string, Record<string, string>> = {
  "src/ledger/database.ts": {
    "16 * 1024 * 1024": "a number of ours",
    name: "the names of our own tables, from sqlite_schema",
  },
  "src/ledger/copy.ts": {
    table: "a name that engine/forecast/scene.store.ts gives",
    "columns.join('\", \"')": "the names of our own columns, from pragma_table_info",
    'taken.join(", ")': "the same, or constants of scene.store.ts in their place",
    where: "conditions of scene.store.ts: constants, with parameters for all values",
  },
  "src/resources/api-keys/store.ts": {
    "fits(status)": "a map from the three states of a key to constants",
  },
  "src/resources/enrollments/store.ts": {
    'rows.join(", ")': "numbers of parameters, as many as there are rows",
  },
  "src/resources/leads/store.ts": {
    where: "constants of CONDITIONS, picked by which filters are there",
  },
  "src/resources/messages/store.ts": {
    'before("cancelled")': "a list of states, from core/states.ts",
    'before("claimed")': "the same",
    'before("deferred")': "the same",
    'before("failed")': "the same",
    'before("sent")': "the same",
    'before("uncertain")': "the same",
  },
  "src/ledger/bind-once.ts": { whole: "a parameter of the statement, or nothing at all" },
  "src/resources/messages/quotas.store.ts": {
    'rows.join(", ")': "numbers of parameters, as many as there are quotas",
  },
  "src/resources/status/store.ts": { counts: "a constant", active: "a constant" },
};

const STATEMENT = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|PRAGMA|WHERE|ORDER BY)\b/;

const HOLES = /\$\{([^}]*)\}/g;

/** The template literals of a source that are SQL. */
const statementsOf = (source: string) =>
  [...source.matchAll(/`((?:[^`\\]|\\.)*)`/g)]
    .map(([, text = ""]) => text)
    .filter((text) => STATEMENT.test(text));

/** What is put into a text. */
const inside = (text: string) => [...text.matchAll(HOLES)].map(([, one = ""]) => one).join(" ");

/** Is NAME a constant of this source (or imported from a store) that is made of words and of other such constants only? */
function isConstant(source: string, name: string): boolean {
  if (!/^[A-Z][A-Z_]+$/.test(name)) return false;
  const imported = new RegExp(
    `^import \\{[^}]*\\b${name}\\b[^}]*\\} from "\\./[a-z.-]*store\\.ts"`,
    "m",
  );
  if (imported.test(source)) return true;
  const made =
    new RegExp(`^(?:export )?const ${name} =\\s*([\\s\\S]*?);\\n`, "m").exec(source)?.[1] ?? "";
  const rest = made.replace(/`(?:[^`\\]|\\.)*`|"[^"]*"/g, inside);
  const names = rest
    .split(/[\s+*]+/)
    .filter((word) => !["", "as", "const"].includes(word) && !/^[\d_]+$/.test(word));
  return made !== "" && names.every((word) => word !== name && isConstant(source, word));
}

test("A6: a statement holds constants and parameters, and nothing that is put in when it runs", async () => {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const file of new Glob("src/**/*.ts").scanSync(".")) {
    // oxlint-disable-next-line no-await-in-loop -- one file after the other
    const source = await Bun.file(file).text();
    for (const statement of statementsOf(source)) {
      for (const [, expression = ""] of statement.matchAll(HOLES)) {
        seen.add(`${file} ${expression}`);
        const known = BUILT[file]?.[expression] !== undefined || isConstant(source, expression);
        if (!known) wrong.push(`${file}: \${${expression}}`);
      }
    }
    const added = source.matchAll(
      /\.(?:query|run|prepare|exec)\b(?:<[^(]*>)?\(\s*(?:"[^"]*"|`[^`]*`)\s*\+/g,
    );
    wrong.push(...[...added].map(([text]) => `${file}: ${text}`));
  }
  expect(wrong).toEqual([]);
  // A row of the table that fits nothing any more would let something else pass one day.
  const rows = Object.entries(BUILT).flatMap(([file, of]) =>
    Object.keys(of).map((one) => `${file} ${one}`),
  );
  expect(rows.filter((row) => !seen.has(row))).toEqual([]);
});

test("A6: a parameter that is missing is an error and not a NULL", () => {
  const db = openDatabase(":memory:", LEDGER_MIGRATIONS);
  const query = db.query<unknown, { $a: number }>("SELECT $a AS a, $b AS b");
  // @ts-expect-error -- what must not pass at run time either
  expect(() => query.get({ a: 1 })).toThrow();
  db.close();
});

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
  changeWorkspace(house.control, house.workspace_id, { tier: "apex" });
});
afterAll(() => house.close());

const INJECTIONS = [
  "'",
  '"',
  "' OR '1'='1",
  "' OR 1=1 --",
  "1; DROP TABLE leads; --",
  "' UNION SELECT secret_hash FROM api_keys --",
  "%' OR email LIKE '%",
  "*",
  "[^a]",
  "\\' OR 1=1 --",
  "' AND randomblob(1000000000) --",
  "x' COLLATE NOCASE",
  "?1",
  "$id",
];

test("A6: no filter and no id of any route breaks out of its statement, or shows what it was not asked for", async () => {
  furnish(house.test_ledger);
  const headers = { authorization: `Bearer ${house.test_key.key}` };
  const tables = () =>
    house.test_ledger.db.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").get()
      ?.n;
  const before = tables();
  let asked = 0;
  for (const { method, path, hooks } of house.app.routes) {
    if (method !== "GET" || !path.startsWith("/v1/")) continue;
    const names = path.includes(":id") ? [] : parametersOf(hooks);
    for (const text of INJECTIONS) {
      const wild = encodeURIComponent(text);
      const urls = path.includes(":id")
        ? [path.replace(":id", wild)]
        : names.map((name) => `${path}?${name}=${wild}`);
      for (const url of urls) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await house.request(url, { headers });
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { data = [] } = JSON.parse(await answer.text());
        expect([url, answer.status < 500]).toEqual([url, true]);
        if (answer.status === 200) expect([url, data]).toEqual([url, []]);
        asked++;
      }
    }
  }
  expect(asked).toBeGreaterThan(300);
  expect(tables()).toBe(before);
  expect(house.lines.filter(({ level }) => level === "error")).toEqual([]);
});

function parametersOf(hooks: object): string[] {
  const query = "query" in hooks ? hooks.query : null;
  const known =
    query !== null && typeof query === "object" && "properties" in query ? query.properties : null;
  return Object.keys(known ?? {});
}
