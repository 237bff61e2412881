// What happens to those who guess passwords.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { createUser, NOBODYS_HASH } from "../../../src/resources/auth/actions.ts";
import { openFailedLogins } from "../../../src/resources/auth/failed-logins.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { EMAIL, openBrowser, PASSWORD } from "./sign-in.ts";

const S = 1000;
const HOUR = 3600 * S;

describe("K8 D2 failures", () => {
  test("are free five times, then double the wait for the account and the address, up to a quarter of an hour", () => {
    const failed = openFailedLogins();
    for (let i = 0; i < 5; i++) expect(failed.take(["ada", "1.2.3.4"], 0)).toBeNull();
    expect(failed.take(["ada", "5.6.7.8"], 0)).toBe(1);
    expect(failed.take(["bob", "1.2.3.4"], 0)).toBe(1);
    expect(failed.take(["bob", "5.6.7.8"], 0)).toBeNull();
    const waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    let now = 0;
    for (const wait of waits) {
      expect(failed.take(["ada"], now)).toBe(wait);
      expect(failed.take(["ada"], now + wait * S - 1)).toBe(1);
      now += wait * S;
      expect(failed.take(["ada"], now)).toBeNull();
    }
    expect(failed.take(["ada"], now + HOUR)).toBeNull();
    expect(failed.take(["ada"], now + HOUR)).toBeNull();
  });

  test("are forgiven when it was the right password", () => {
    const failed = openFailedLogins();
    for (let i = 0; i < 5; i++) failed.take(["ada"], 0);
    failed.forgive(["ada"]);
    expect(failed.take(["ada"], 0)).toBeNull();
  });

  test("do not lock out for longer than their wait when the clock goes back", () => {
    const failed = openFailedLogins();
    for (let i = 0; i < 5; i++) failed.take(["ada"], 10 * HOUR);
    expect(failed.take(["ada"], 0)).toBeNull();
  });

  test("of a million names take the memory of ten thousand", () => {
    const failed = openFailedLogins();
    for (let i = 0; i < 5; i++) failed.take(["ada"], 0);
    for (let i = 0; i < 9999; i++) failed.take([`x${i}`], 0);
    expect(failed.take(["ada"], 0)).toBe(1);
    failed.take(["one more"], 0);
    expect(failed.take(["ada"], 0)).toBeNull();
  });
});

/** Algorithm, version and costs of a hash. */
const costs = (hash: string) => hash.split("$").slice(0, 4);

describe("the login", () => {
  let house: TestHouse;
  beforeEach(async () => {
    house = await openTestHouse();
    await createUser(house.control, EMAIL, PASSWORD);
  });
  afterEach(() => house.close());
  const login = (password: string) =>
    openBrowser(house).send("POST", "/v1/auth/login", { email: EMAIL, password });

  test("K8 D2 gives a hundred guesses at the same time no more than five tries, and never waits itself", async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => login("wrong")));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(refused).toHaveLength(25);
    for (const { body, headers } of refused) {
      expect(body.error.code).toBe("rate_limited");
      expect(headers.get("retry-after")).toBe("1");
    }
    // Keys do not notice.
    expect((await house.request("/v1/leads")).status).toBe(200);
  });

  test("takes an unknown account through the same work as a known one", async () => {
    const { password_hash } = house.control.db
      .query<{ password_hash: string }, []>("SELECT password_hash FROM users")
      .get() ?? { password_hash: "" };
    expect(costs(NOBODYS_HASH)).toEqual(costs(password_hash));
    expect(await Bun.password.verify("wrong", NOBODYS_HASH)).toBe(false);
  });
});
