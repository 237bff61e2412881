// A CSV is read whatever program wrote it, and refused with the line where it cannot be.

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { AppError } from "../../src/core/faults.ts";
import { readCsv } from "../../src/http/csv.ts";
import { csvText, ENCODINGS } from "../world/csv.ts";

const isKey = (cell: string) => cell.trim().toLowerCase() === "email";
const read = (text: string) => readCsv(Buffer.from(text), isKey);
const cellsOf = async (text: string) => (await read(text)).rows.map(({ cells }) => cells);

async function refusalOf(text: string): Promise<string> {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  return "";
}

describe("the delimiter", () => {
  test("is the one that leaves the key column alone, whatever else stands in the header", async () => {
    expect(await cellsOf("email;Umsatz, netto, brutto\na@b.example;1\n")).toEqual([
      ["a@b.example", "1"],
    ]);
    expect(await cellsOf('"x;y;z",email\n1,a@b.example\n')).toEqual([["1", "a@b.example"]]);
    expect(await cellsOf("x\temail\n1\ta@b.example\n")).toEqual([["1", "a@b.example"]]);
  });

  test("is what Excel says it is", async () => {
    const table = await read("sep=|\nemail|a\na@b.example|1\n");
    expect(table.rows).toEqual([{ line: 3, cells: ["a@b.example", "1"] }]);
  });
});

describe("lines", () => {
  test("are counted over blank lines and quoted breaks, for every kind of line end", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ["email,note", "a@b.example,1", "", '"b@b.example","x', 'y"', "c@b.example,2"];
      const { rows } = await read(text.join(end));
      expect(rows.map(({ line, cells }) => [line, cells[0]])).toEqual([
        [2, "a@b.example"],
        [4, "b@b.example"],
        [6, "c@b.example"],
      ]);
    }
  });
});

const rows = (n: number) => "a@b.example\n".repeat(n);
const header = (n: number) => `email${",x".repeat(n - 1)}\n`;

describe("A10: limits of a CSV", () => {
  test("5,000 rows are read, 5,001 are refused", async () => {
    expect((await read(`email\n${rows(5000)}`)).rows).toHaveLength(5000);
    expect(await refusalOf(`email\n${rows(5001)}`)).toContain("5000 rows");
  });

  test("200 columns are read, 201 are refused, and a million cost no second", async () => {
    expect((await read(`${header(200)}a@b.example\n`)).header).toHaveLength(200);
    expect(await refusalOf(`${header(201)}a@b.example\n`)).toContain("200 columns");
    const started = process.hrtime.bigint();
    expect(await refusalOf(`${header(1_000_000)}a@b.example\n`)).not.toBe("");
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1000);
  });

  test("a quote that is never closed is told with the line before it", async () => {
    const open = `email\n${rows(10)}"b@b.example\n${rows(5000)}`;
    expect(await refusalOf(`${open}${rows(20_000)}`)).toContain("line 11");
    expect(await refusalOf('email\n"a@b.example\n')).toContain("line 1");
  });

  test("no file of any bytes does more than be refused", async () => {
    const bytes = fc.uint8Array({ maxLength: 3000 });
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        try {
          const table = await readCsv(body, isKey);
          expect(table.header.length).toBeLessThanOrEqual(200);
          expect(table.rows.length).toBeLessThanOrEqual(5000);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** A cell that every encoding can say, with all that needs quotes. */
const cell = fc.string({
  unit: fc.constantFrom(...Array.from("abcXYZ019 ,;|\t\"'äöüßéñ€\n=+-@<>{}")),
  maxLength: 12,
});

test("what was written is read, in every encoding, with every delimiter and line end", async () => {
  const tables = fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(
      tables,
      fc.constantFrom(...ENCODINGS),
      fc.constantFrom(",", ";", "\t", "|"),
      fc.constantFrom("\n", "\r\n"),
      async (table, encode, delimiter, end) => {
        const written = table.map(([a = "", b = ""]) => ["a@b.example", a, b]);
        const text = csvText([["email", "größe", "note"], ...written], delimiter, end);
        const found = await readCsv(encode(text), isKey);
        expect(found.header).toEqual(["email", "größe", "note"]);
        expect(found.rows.map(({ cells }) => cells)).toEqual(written);
      },
    ),
    { numRuns: 300 },
  );
});
