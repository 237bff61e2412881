// `bun run readme`: writes README's generated parts from the tables in the code; `--check` fails when they are stale.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { SETTINGS } from "../src/config.ts";
import { EVENT_MEANINGS } from "../src/core/events.ts";
import { FAULTS } from "../src/core/faults.ts";
import { MEANINGS } from "../src/core/meaning.ts";
import { ROOT } from "./install.ts";
import { type Score, scoreAll } from "./meaning-score.ts";

const README = join(ROOT, "README.md");

/** What each room is for. A folder or file of src/ that is not named here, or named and gone, fails. */
const ROOMS: Record<string, [word: string, meaning: string]> = {
  "main.ts": ["enters", "argv -> one of commands/"],
  "commands/": ["obeys", "one file per verb of the command line"],
  "house.ts": ["wires", "settings -> lock -> databases -> mail -> engine -> app"],
  "app.ts": ["opens", "all routes as one app, and the table of who may call them"],
  "engine/": [
    "does",
    "one folder per verb (send, read); a round says when to look again; the only timers",
  ],
  "mail/": [
    "talks mail",
    "SMTP and IMAP as outcomes, and the sandbox of test mode; no SQL, no decisions",
  ],
  "resources/": ["keeps", "one folder per noun: schema, routes, actions, SQL"],
  "pages/": ["shows", "the API reference and its neighbours, made from the routes and embedded"],
  "http/": ["talks HTTP", "what every route shares; knows no noun"],
  "installation.ts": ["founds", "data directory, master key, first workspace"],
  "copied.ts": [
    "doubts",
    "pauses the campaigns of a copied data directory: two copies never both send",
  ],
  "ledger/": ["remembers", "SQLite files, transactions, clock and chance; knows no noun"],
  "config.ts": ["settles", "every setting, with where its value came from"],
  "log.ts": ["notes", "one JSON line per entry, without secrets"],
  "version.ts": ["names", "which imail this is"],
  "core/": ["decides", "pure functions and tables of words; no I/O, no time, no chance"],
};

type Cells = readonly string[];

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function roomTable(): string {
  const found = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .filter((name) => name.endsWith("/") || name.endsWith(".ts"));
  const strange = found.filter((name) => !(name in ROOMS));
  const gone = Object.keys(ROOMS).filter((name) => !found.includes(name));
  if (strange.length + gone.length > 0) {
    throw new Error(
      `scripts/readme.ts: no line for ${strange.join(", ") || "-"}; gone: ${gone.join(", ") || "-"}`,
    );
  }
  return table(
    ["room of `src/`", "it", "what it holds"],
    Object.entries(ROOMS).map(([room, [word, meaning]]) => [`\`${room}\``, word, meaning]),
  );
}

const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

const categoryOf = (score: Score, category: string) =>
  score.by_category.find(({ name }) => name === category);

/** How well replies are judged: the figures of scripts/judge-score.ts. */
function scoreTables(): string {
  const scores = scoreAll();
  const names = scores.map(({ name, texts }) => `${name} (${texts})`);
  const cells = (what: string, show: (score: Score) => string): Cells =>
    [what].concat(scores.map(show));
  const row = (what: string, figure: (score: Score) => number) =>
    cells(what, (score) => percent(figure(score)));
  const languages = [
    ...new Set(scores.flatMap(({ by_language }) => by_language.map(({ name }) => name))),
  ];
  return [
    table(
      ["", ...names],
      [
        row("right, unsure answers counted by their best category", ({ accuracy }) => accuracy),
        row("answers that are sure", ({ sure }) => sure.coverage),
        row("right among the sure ones", ({ sure }) => sure.accuracy),
        row("opt-outs found (recall)", ({ opt_out }) => opt_out.recall),
        row("opt-outs that are some (precision)", ({ opt_out }) => opt_out.precision),
        ...MEANINGS.map((meaning) =>
          cells(`\`${meaning}\`: precision, recall`, (score) => {
            const found = categoryOf(score, meaning);
            return `${percent(found?.precision ?? 1)}, ${percent(found?.recall ?? 1)}`;
          }),
        ),
        ...languages.toSorted().map((language) =>
          cells(`language \`${language}\``, ({ by_language }) => {
            const found = by_language.find(({ name }) => name === language);
            return found === undefined ? "none" : percent(found.accuracy);
          }),
        ),
      ],
    ),
  ].join("\n");
}

const PARTS: Record<string, () => string> = {
  classification: scoreTables,
  rooms: roomTable,
  settings: () =>
    table(
      ["setting", "flag", "environment", "default", "what it is"],
      SETTINGS.map(({ name, flag, env, default: otherwise, meaning }) => [
        `\`${name}\``,
        flag ? `\`${flag}\`` : "none: command lines are public",
        `\`${env}\``,
        otherwise,
        meaning,
      ]),
    ),
  errors: () =>
    table(
      ["code", "status", "meaning", "what to do"],
      Object.entries(FAULTS).map(([code, { status, title, remedy }]) => [
        `\`${code}\``,
        String(status),
        title,
        remedy,
      ]),
    ),
  events: () =>
    table(
      ["event", "meaning"],
      Object.entries(EVENT_MEANINGS).map(([event, meaning]) => [`\`${event}\``, meaning]),
    ),
};

/** The text with every part between its two markers written anew. */
function generate(text: string): string {
  return Object.entries(PARTS).reduce((written, [name, make]) => {
    const [begin, end] = [`<!-- ${name}: generated -->`, `<!-- /${name} -->`];
    const [before, rest, ...more] = written.split(begin);
    const [old, after, ...others] = rest?.split(end) ?? [];
    if (old === undefined || after === undefined || more.length + others.length > 0) {
      throw new Error(`README.md needs ${begin} and ${end}, once each`);
    }
    return `${before}${begin}\n\n${make()}\n\n${end}${after}`;
  }, text);
}

/** In the formatter's own layout, else a fresh README would be a badly formatted one. */
function formatted(text: string): string {
  const { stdout } = Bun.spawnSync([process.execPath, "fmt", "--stdin-filepath=README.md"], {
    cwd: ROOT,
    stdin: Buffer.from(text),
    stderr: "inherit",
  });
  return stdout.toString();
}

const present = readFileSync(README, "utf8");
const wanted = formatted(generate(present));
if (present === wanted) process.exit(0);
if (process.argv.includes("--check")) {
  process.stderr.write("README.md is stale: bun run readme\n");
  process.exit(1);
}
writeFileSync(README, wanted);
