// A13: every regular expression of core and of the mail parser, by itself, reads 100 KB of hostile text in less than
// 20 ms. They are taken out of the source, so a new one is tested without being named here.

import { describe, expect, test } from "bun:test";

import { Glob } from "bun";
import ts from "typescript5";

import { msOf } from "../core/mails.ts";

const SIZE = 100_000;
const MOST_MS = 20;
/** Of all attacks together, where others take their share of the machine. */
const LONG_MS = 60_000;

/** Each literal as source and flags, with its file. */
async function patterns(): Promise<[name: string, source: string, flags: string][]> {
  const found: [string, string, string][] = [];
  const files = [...new Glob("src/core/*.ts").scanSync("."), "src/mail/parse.ts"];
  for (const file of files.toSorted()) {
    const source = ts.createSourceFile(file, await Bun.file(file).text(), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf("/");
        found.push([`${file} ${node.text}`, node.text.slice(1, end), node.text.slice(end + 1)]);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Letters, digits and signs that patterns turn on, and pieces of the pattern itself. */
function attacks(source: string): string[] {
  const own = source.match(/[\p{L}\d@.:;<>()/=, -]{2,12}/gu) ?? [];
  const units = [
    "a",
    "1",
    " ",
    "\n",
    "\t",
    ".",
    "-",
    "a ",
    "1 ",
    "1.",
    "a.",
    "a@",
    "@",
    "<a@",
    ": ",
  ];
  return [...units, "5.1.", "é", "日", "1月", "\u0301", ...own.slice(0, 12)];
}

const all = await patterns();

describe("A13", () => {
  test("there are patterns to test", () => {
    expect(all.length).toBeGreaterThan(60);
  });

  test.each(all)(
    "%s",
    (_name, source, flags) => {
      const pattern = new RegExp(source, flags.includes("g") ? flags : `${flags}g`);
      for (const unit of attacks(source)) {
        const text = unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE - 1);
        for (const end of ["", "!", "\n"]) {
          const hostile = text + end;
          const ms = msOf(() => {
            let hits = 0;
            for (const _ of hostile.matchAll(pattern)) if (++hits > SIZE) break;
          });
          expect(ms, `${JSON.stringify(unit)} + ${JSON.stringify(end)}`).toBeLessThan(MOST_MS);
        }
      }
    },
    LONG_MS,
  );
});
