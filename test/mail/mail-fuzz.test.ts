// 2,000 broken mails at each commit; `bun scripts/fuzz-mail.ts --count 1000000` reads any number.

import { expect, test } from "bun:test";

import { fuzzMails } from "../world/mail-fuzz.ts";

test("2,000 mutated mails: no crash, no hang, no memory gone", async () => {
  const report = await fuzzMails(2000, Math.floor(Math.random() * 1e9));
  expect(report.problems, JSON.stringify(report)).toEqual([]);
  expect(report).toMatchObject({ crashes: 0, hangs: 0 });
  expect(Object.keys(report.kinds).length).toBeGreaterThan(4);
}, 60_000);
