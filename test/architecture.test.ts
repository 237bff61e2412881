// The house rules, as a test. A room may import the rooms below it, never one above or beside it.

import { expect, test } from "bun:test";
import { basename, dirname, join, relative } from "node:path";

import { Glob } from "bun";

interface Law {
  rooms: string[];
  packages: RegExp;
}

/** Each room, and the rooms and packages it may reach for. Order = bottom to top. */
const ROOMS: Record<string, Law> = {
  core: { rooms: [], packages: /^(node:crypto|liquidjs|html-to-text|tldts)$/ },
  "version.ts": { rooms: [], packages: /^package\.json$/ },
  "config.ts": { rooms: ["core"], packages: /^node:(fs|os|path)$/ },
  "log.ts": { rooms: ["core"], packages: /^(pino|node:fs)$/ },
  ledger: { rooms: ["core"], packages: /^bun:sqlite$|^node:(fs|path|crypto)$|\.sql$/ },
  mail: {
    rooms: ["core"],
    packages: /^(nodemailer.*|imapflow|openid-client|postal-mime|node:.*)$/,
  },
  http: {
    rooms: ["core", "ledger"],
    packages: /^(elysia|csv-parse|@elysiajs\/openapi|node:crypto)$/,
  },
  resources: { rooms: ["core", "ledger", "http"], packages: /^(elysia|jose|node:crypto)$/ },
  "installation.ts": {
    rooms: ["core", "config.ts", "ledger", "resources"],
    packages: /^node:(fs|path)$/,
  },
  "copied.ts": { rooms: ["core", "ledger", "resources"], packages: /^$/ },
  pages: { rooms: ["core", "http"], packages: /^elysia$/ },
  engine: { rooms: ["core", "ledger", "resources", "mail"], packages: /^node:crypto$/ },
  "app.ts": { rooms: ["core", "http", "resources", "pages"], packages: /^elysia$/ },
  "house.ts": {
    rooms: [
      "core",
      "version.ts",
      "config.ts",
      "log.ts",
      "installation.ts",
      "copied.ts",
      "ledger",
      "mail",
      "http",
      "resources",
      "engine",
      "app.ts",
    ],
    packages: /^node:.*$/,
  },
  commands: {
    rooms: [
      "core",
      "version.ts",
      "config.ts",
      "log.ts",
      "installation.ts",
      "ledger",
      "mail",
      "resources",
      "engine",
      "house.ts",
      "app.ts",
    ],
    packages: /^(commander|node:.*)$/,
  },
  "main.ts": {
    rooms: ["core", "version.ts", "config.ts", "log.ts", "commands"],
    packages: /^(commander|node:.*)$/,
  },
};

/** Packages that only these files may name, whatever their room may do. */
const KEEPERS: [RegExp, RegExp][] = [
  [
    /^elysia$/,
    /^src\/(app\.ts|http\/.*|resources\/[^/]+\/(routes|schema)\.ts|pages\/[^/]+\/routes\.ts)$/,
  ],
  [/^openid-client$/, /^src\/mail\/oauth\.ts$/],
  [/^jose$/, /^src\/resources\/auth\/session-token\.ts$/],
];

interface Import {
  file: string;
  to: string;
}
// By a regular expression, because Bun.Transpiler's scanImports drops type-only imports.
const IMPORT =
  /^\s*(?:import|export)\s+(?:type\s)?[^"';]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|import\("([^"]+)"\)/gm;

const sources = new Map<string, string>();
for await (const file of new Glob("src/**/*.ts").scan(".")) {
  sources.set(file, await Bun.file(file).text());
}

const imports: Import[] = [...sources].flatMap(([file, text]) =>
  [...text.matchAll(IMPORT)].map((match) => {
    const to = match[1] ?? match[2] ?? match[3] ?? "";
    return { file, to: to.startsWith(".") ? relative(".", join(dirname(file), to)) : to };
  }),
);

const room = (file: string) => file.split("/")[1] ?? "";
const isStore = (file: string) => /[/.]store\.ts$/.test(file);
const filesWhere = (holds: (text: string, file: string) => boolean) =>
  [...sources].filter(([file, text]) => holds(text, file)).map(([file]) => file);
const arrows = (broken: Import[]) => broken.map(({ file, to }) => `${file} -> ${to}`);

test("every file stands in a room that has a law", () => {
  expect(filesWhere((_, file) => ROOMS[room(file)] === undefined)).toEqual([]);
});

test("imports only go down the stairs", () => {
  const broken = imports.filter(({ file, to }) => {
    const law = ROOMS[room(file)];
    if (!law || to.startsWith("migrations/")) return room(file) !== "ledger";
    if (!to.startsWith("src/")) return !law.packages.test(to);
    return room(to) !== room(file) && !law.rooms.includes(room(to));
  });
  expect(arrows(broken)).toEqual([]);
});

test("the HTTP framework and session tokens stay with their keepers", () => {
  const broken = imports.filter(({ file, to }) =>
    KEEPERS.some(([name, keeper]) => name.test(to) && !keeper.test(file)),
  );
  expect(arrows(broken)).toEqual([]);
});

test("a noun is reached only through its store or its actions, and no store knows another noun", () => {
  const broken = imports.filter(({ file, to }) => {
    if (!to.startsWith("src/resources/") || dirname(file) === dirname(to)) return false;
    if (file === "src/app.ts") return !to.endsWith("/routes.ts");
    return isStore(file) || !(isStore(to) || to.endsWith("/actions.ts"));
  });
  expect(arrows(broken)).toEqual([]);
});

test("SQL is written only in stores and in the ledger", () => {
  const sql = /\b(SELECT\s[^;"`]+\sFROM|INSERT( OR \w+)? INTO|UPDATE\s+\w+\s+SET|DELETE FROM)\b/;
  const strays = filesWhere(
    (text, file) => !isStore(file) && !file.startsWith("src/ledger/") && sql.test(text),
  );
  expect(strays).toEqual([]);
});

test("every table has one writer", () => {
  const writers = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    for (const match of text.matchAll(
      /\b(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+([a-z_]+)\s/g,
    )) {
      const table = match[1] ?? "";
      writers.set(table, (writers.get(table) ?? new Set()).add(file));
    }
  }
  expect(writers.size).toBeGreaterThan(0);
  expect([...writers].filter(([, files]) => files.size > 1)).toEqual([]);
});

test("queries name their columns", () => {
  expect(filesWhere((text) => /SELECT\s+(\w+\.)?\*/.test(text))).toEqual([]);
});

test("time and chance come from the ledger's clock and its one source of chance", () => {
  const keepers = new Set(["src/ledger/clock.ts", "src/ledger/random.ts"]);
  const asks =
    /Date\.now\(|new Date\(\)|Temporal\.Now|Math\.random\(|randomUUID|performance\.now\(/;
  expect(filesWhere((text, file) => !keepers.has(file) && asks.test(text))).toEqual([]);
});

test("the environment is read by the settings and nowhere else", () => {
  const keepers = new Set(["src/config.ts", "src/main.ts"]);
  expect(
    filesWhere((text, file) => !keepers.has(file) && /\b(process|Bun)\.env\b/.test(text)),
  ).toEqual([]);
});

test("what you grep is what there is: no default exports, no barrels, no aliases", () => {
  // What the pages show and what was trained is embedded from files that are no source.
  const aliases = imports.filter(
    ({ to }) =>
      to.startsWith("src/") && !/\.ts$|^src\/pages\/.*\.(json|gz)$|^src\/core\/.*\.b64$/.test(to),
  );
  expect(arrows(aliases)).toEqual([]);
  expect(filesWhere((_, file) => basename(file) === "index.ts")).toEqual([]);
  expect(
    filesWhere((text, file) => !file.endsWith(".d.ts") && /^export (default\b|\*)/m.test(text)),
  ).toEqual([]);
});

test("no file hides behind a name that means nothing", () => {
  const empty =
    /(^|[-.])(utils?|helpers?|common|misc|manager|handler|service|processor|data|info|base|impl|index)([-.]|$)/;
  expect(filesWhere((_, file) => empty.test(basename(file)))).toEqual([]);
});

test("every file opens with what it is for", () => {
  expect(filesWhere((text) => !text.startsWith("//"))).toEqual([]);
});
