import { afterEach, beforeEach, expect, test } from "bun:test";

import { AppError } from "../../../src/core/faults.ts";
import { createSetupToken, createUser } from "../../../src/resources/auth/actions.ts";
import { hasAnyUser } from "../../../src/resources/auth/store.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

/** The field that a fault names; null when nothing was refused. */
async function refusal(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return error instanceof AppError ? error.field : "a bug";
  }
}

test("an account keeps its password as argon2id, and its address is its own", async () => {
  const { control } = house;
  expect(hasAnyUser(control)).toBe(false);
  await createUser(control, " Ada@Example.com ", "correct horse battery");
  expect(hasAnyUser(control)).toBe(true);
  const row = control.db
    .query<{ email: string; password_hash: string }, []>("SELECT email, password_hash FROM users")
    .get();
  expect(row?.email).toBe("ada@example.com");
  expect(row?.password_hash).toStartWith("$argon2id$");
  expect(await Bun.password.verify("correct horse battery", row?.password_hash ?? "")).toBe(true);
  expect(await refusal(createUser(control, "ada@example.com", "correct horse battery"))).toBe(
    "email",
  );
});

test("a short password and what is no address are faults", async () => {
  const { control } = house;
  expect(await refusal(createUser(control, "ada@example.com", "short"))).toBe("password");
  expect(await refusal(createUser(control, "ada", "correct horse battery"))).toBe("email");
});

test("one setup token is good at a time, and only its hash is kept", () => {
  const { control } = house;
  const first = createSetupToken(control);
  const second = createSetupToken(control);
  expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(second).not.toBe(first);
  expect(
    control.db.query<{ n: number }, []>("SELECT count(*) AS n FROM setup_tokens").get()?.n,
  ).toBe(1);
  expect(Buffer.from(control.db.serialize()).includes(second)).toBe(false);
});
