// Signing in with Google and Microsoft, against a real OpenID provider: from the API over the provider's pages and back.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import type { Log } from "../../../src/core/log.ts";
import { accountOf } from "../../../src/resources/inboxes/actions.ts";
import type { Inbox } from "../../../src/resources/inboxes/schema.ts";
import { findSignIn } from "../../../src/resources/inboxes/sign-ins.store.ts";
import { findInboxByEmail } from "../../../src/resources/inboxes/store.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse, type TestHouseOptions } from "../../world/house.ts";
import { mailThatTakesEveryLogin } from "../../world/mail-that-fails-logins.ts";
import { mailThatTakesTokens, tokensOfHouse } from "../../world/mail-that-takes-tokens.ts";
import {
  CLIENT,
  type OAuthWorld,
  openOAuthWorld,
  signIn,
  typeCode,
} from "../../world/oauth-provider.ts";

const CALLBACK = "http://127.0.0.1:7070/oauth/callback";
const ADA = "ada@gmail.com";
const START = Date.parse("2026-11-21T10:00:00Z");

let world: OAuthWorld;
beforeAll(async () => {
  world = await openOAuthWorld(CALLBACK);
});
afterAll(() => world.close());

const clock = { at: START, now: () => clock.at };
const open: TestHouse[] = [];
beforeEach(() => {
  clock.at = START;
  world.setTrouble({ kind: "none" });
  world.setLife(3600);
  world.withhold(null);
  world.asked.clear();
});
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

const CLIENTS = {
  google_client_id: CLIENT.id,
  google_client_secret: CLIENT.secret,
  microsoft_client_id: CLIENT.id,
  microsoft_client_secret: CLIENT.secret,
};

async function openStreet(options: TestHouseOptions = {}) {
  const mail = mailThatTakesTokens(world);
  const house = await openTestHouse({
    mail,
    clock,
    oauth: { providers: world.facts, answer_within_s: 1 },
    settings: CLIENTS,
    ...options,
  });
  open.push(house);
  const ask: Ask = askWith(house, "live");
  /** A page of ours, asked for by a browser that brings no key and no cookie. */
  const visit = async (url: string) => {
    const { pathname, search } = new URL(url);
    const answer = await house.request(`${pathname}${search}`, { headers: { authorization: "" } });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const connect = async (draft: object = {}) =>
    (await ask<Inbox>("POST", "/inboxes", { email: ADA, provider: "gmail", ...draft })).data;
  /** From the link to the URL at which the provider sends the browser back. */
  const goThrough = async (setup_url: string | null, email: string) => {
    const begun = await visit(setup_url ?? "");
    return signIn(begun.headers.get("location") ?? "", email, CALLBACK);
  };
  const signInAs = async (inbox: Inbox, email: string) =>
    visit(await goThrough(inbox.setup_url, email));
  const read = async (id: string) => (await ask<Inbox>("GET", `/inboxes/${id}`)).data;
  return { house, mail, ask, visit, connect, goThrough, signInAs, read };
}

type Street = Awaited<ReturnType<typeof openStreet>>;

const tokensOf = ({ house }: Pick<Street, "house">, log?: Log) =>
  tokensOfHouse(house, { world, email: ADA, log });

async function signedIn() {
  const street = await openStreet();
  const inbox = await street.connect();
  const page = await street.signInAs(inbox, ADA);
  expect(page.status).toBe(200);
  return { ...street, inbox };
}

const MINUTE = 60_000;

describe("Connecting a mailbox", () => {
  test("without a password waits for its owner, who signs in at the provider and is connected", async () => {
    const street = await openStreet();
    const { status, data, text } = await street.ask<Inbox>("POST", "/inboxes", {
      email: ADA,
      provider: "gmail",
    });
    expect([status, data.status, data.auth]).toEqual([201, "pending_auth", "oauth"]);
    expect(data.smtp).toMatchObject({ host: "smtp.gmail.com", username: ADA });
    expect(data.setup_url).toStartWith("http://127.0.0.1:7070/oauth/start?link=");
    expect((await street.read(data.id)).setup_url).toBe(data.setup_url);
    const page = await street.signInAs(data, ADA);
    expect([page.status, page.text.includes(`${ADA} is connected`)]).toEqual([200, true]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await street.read(data.id)).toMatchObject({ status: "active", setup_url: null });
    for (const secret of [...world.tokens, CLIENT.secret])
      expect((page.text + text).includes(secret)).toBe(false);
  });

  test("tokens are sealed in their own row and column", async () => {
    const { house, inbox } = await signedIn();
    const row = findInboxByEmail(house.ledger, ADA)?.id ?? 0;
    const kept = findSignIn(house.ledger, row);
    const sealed = kept?.refresh_token ?? new Uint8Array();
    const at = { table: "sign_ins", row, column: "refresh_token" };
    expect(world.tokens).toContain(house.ledger.vault.unseal(at, sealed) ?? "");
    const elsewhere = [
      { ...at, row: row + 1 },
      { ...at, column: "access_token" },
      { ...at, table: "inboxes" },
    ].map((place) => house.ledger.vault.unseal(place, sealed));
    expect([inbox.id.length > 4, ...elsewhere]).toEqual([true, null, null, null]);
  });

  test("without a client is refused with the settings and the redirect URI to register", async () => {
    const street = await openStreet({ settings: {} });
    for (const provider of ["gmail", "microsoft"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, error } = await street.ask("POST", "/inboxes", { email: ADA, provider });
      expect([status, error.code, error.field]).toEqual([400, "oauth_client_missing", "provider"]);
      expect(error.message).toContain(CALLBACK);
      expect(error.message).toContain(provider === "gmail" ? "IMAIL_GOOGLE_" : "IMAIL_MICROSOFT_");
    }
  });

  test("names no server and no password where it is signed in: a token goes to its provider only", async () => {
    const street = await openStreet();
    const draft = { email: ADA, provider: "gmail", smtp: { host: "smtp.evil.example" } };
    const { error } = await street.ask("POST", "/inboxes", draft);
    expect([error.code, error.field]).toEqual(["invalid_field", "smtp"]);
    const other = await street.ask("POST", "/inboxes", { email: ADA, auth: "oauth" });
    expect([other.error.code, other.error.field]).toEqual(["invalid_field", "auth"]);
  });

  test("is deleted with its tokens", async () => {
    const { ask, inbox, house } = await signedIn();
    const row = findInboxByEmail(house.ledger, ADA)?.id ?? 0;
    expect((await ask("DELETE", `/inboxes/${inbox.id}`)).status).toBe(204);
    expect(findSignIn(house.ledger, row)).toBeNull();
  });

  test("moves to an app password, and its tokens are forgotten", async () => {
    const street = await openStreet({ mail: mailThatTakesEveryLogin() });
    const inbox = await street.connect();
    expect((await street.signInAs(inbox, ADA)).status).toBe(200);
    const row = findInboxByEmail(street.house.ledger, ADA)?.id ?? 0;
    const path = `/inboxes/${inbox.id}`;
    const bare = await street.ask("PATCH", path, { smtp: { host: "smtp.gmail.com" } });
    expect([bare.error.code, bare.error.field]).toEqual(["invalid_field", "smtp.password"]);
    expect(findSignIn(street.house.ledger, row)).not.toBeNull();
    const { data } = await street.ask<Inbox>("PATCH", path, { smtp: { password: "app password" } });
    expect([data.auth, data.setup_url, data.status]).toEqual(["password", null, "active"]);
    expect(findSignIn(street.house.ledger, row)).toBeNull();
    const account = findInboxByEmail(street.house.ledger, ADA);
    expect(account && accountOf(street.house.ledger, account)?.imap.password).toBe("app password");
  });

  test("with an app password needs no client and no sign-in", async () => {
    const street = await openStreet({ mail: mailThatTakesEveryLogin(), settings: {} });
    const smtp = { password: "app password" };
    const { data } = await street.ask<Inbox>("POST", "/inboxes", {
      email: ADA,
      provider: "gmail",
      smtp,
    });
    expect([data.status, data.auth, data.setup_url]).toEqual(["active", "password", null]);
    const moved = await street.ask("POST", `/inboxes/${data.id}/reconnect`, { auth: "oauth" });
    expect(moved.error.code).toBe("oauth_client_missing");
  });
});

describe("The callback", () => {
  test("is good once", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const back = await street.goThrough(inbox.setup_url, ADA);
    expect((await street.visit(back)).status).toBe(200);
    const again = await street.visit(back);
    expect([again.status, again.text.includes("was finished already")]).toEqual([400, true]);
    expect((await street.read(inbox.id)).status).toBe("active");
  });

  test("with another state, without one, or after ten minutes saves nothing", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const back = await street.goThrough(inbox.setup_url, ADA);
    const forged = new URL(back);
    forged.searchParams.set("state", "somebody-elses");
    const bare = new URL(back);
    bare.searchParams.delete("state");
    expect([
      (await street.visit(forged.href)).status,
      (await street.visit(bare.href)).status,
    ]).toEqual([400, 400]);
    clock.at += 10 * MINUTE;
    expect((await street.visit(back)).status).toBe(400);
    expect(world.asked.get("authorization_code") ?? 0).toBe(0);
    expect((await street.read(inbox.id)).status).toBe("pending_auth");
  });

  test("with the code of another sign-in is refused: PKCE holds them apart", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const [one, other] = [
      new URL(await street.goThrough(inbox.setup_url, ADA)),
      new URL(await street.goThrough(inbox.setup_url, ADA)),
    ];
    one.searchParams.set("code", other.searchParams.get("code") ?? "");
    const page = await street.visit(one.href);
    expect(page.status).toBe(400);
    expect((await street.read(inbox.id)).status).toBe("pending_auth");
  });

  test("of another account says so and saves nothing", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const page = await street.signInAs(inbox, "eve@gmail.com");
    expect(page.status).toBe(400);
    expect(page.text).toContain("That is another account");
    expect(page.text).toContain("eve@gmail.com");
    expect(page.text).toContain("Begin again");
    expect(street.mail.logins).toEqual([]);
    const row = findInboxByEmail(street.house.ledger, ADA);
    expect([row?.state, findSignIn(street.house.ledger, row?.id ?? 0)]).toEqual([
      "pending_auth",
      null,
    ]);
  });

  test("with a permission left out says which, and saves nothing", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    world.withhold("https://mail.test/all");
    const page = await street.signInAs(inbox, ADA);
    expect([page.status, page.text.includes("A permission is missing")]).toEqual([400, true]);
    expect((await street.read(inbox.id)).status).toBe("pending_auth");
  });

  test("after a no of the person shows it, escaped", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const begun = await street.visit(inbox.setup_url ?? "");
    const state = new URL(begun.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const words = encodeURIComponent("<script>alert(1)</script>");
    const no = `${CALLBACK}?error=access_denied&error_description=${words}&state=${state}`;
    const page = await street.visit(no);
    expect([page.status, page.text.includes("<script")]).toEqual([400, false]);
    expect(page.text).toContain("access_denied");
  });

  test("while the provider is down says that it passes", async () => {
    const street = await openStreet();
    const inbox = await street.connect();
    const back = await street.goThrough(inbox.setup_url, ADA);
    world.setTrouble({ kind: "status", status: 503 });
    expect((await street.visit(back)).status).toBe(502);
    expect((await street.read(inbox.id)).status).toBe("pending_auth");
  });

  test("a link that is not signed by us, or was used, begins nothing", async () => {
    const { visit, inbox } = await signedIn();
    const used = await visit(inbox.setup_url ?? "");
    const forged = await visit(`${inbox.setup_url}x`);
    expect([used.status, forged.status]).toEqual([400, 400]);
    expect((await visit("http://127.0.0.1/oauth/start")).status).toBe(400);
  });
});

describe("Tokens", () => {
  test("are renewed five minutes before they end, and the rotated refresh token is kept", async () => {
    const street = await signedIn();
    const get = tokensOf(street);
    const row = findInboxByEmail(street.house.ledger, ADA)?.id ?? 0;
    const first = await get();
    clock.at += 54 * MINUTE;
    expect(await get()).toBe(first);
    clock.at += 2 * MINUTE;
    const before = findSignIn(street.house.ledger, row)?.refresh_token;
    const second = await get();
    expect(second).not.toBe(first);
    expect(findSignIn(street.house.ledger, row)?.refresh_token).not.toEqual(before);
    // The old refresh token is worth nothing any more: only with the rotated one does a second renewal work.
    clock.at += 60 * MINUTE;
    expect(await get()).not.toBe(second);
    expect(world.asked.get("refresh_token")).toBe(2);
  });

  test("are renewed once when many ask at the same time, and once more when a server refuses one", async () => {
    const street = await signedIn();
    const get = tokensOf(street);
    const first = await get();
    clock.at += 70 * MINUTE;
    const all = await Promise.all(Array.from({ length: 8 }, () => get()));
    expect([new Set(all).size, world.asked.get("refresh_token")]).toEqual([1, 1]);
    expect(await get(first)).toBe(all[0] ?? "");
    expect(await get(all[0])).not.toBe(all[0] ?? "");
    expect(world.asked.get("refresh_token")).toBe(2);
  });

  test("that the provider refuses to renew make the inbox needs_login at once, with what to do", async () => {
    const street = await signedIn();
    const get = tokensOf(street);
    await get();
    await world.revoke(ADA);
    clock.at += 70 * MINUTE;
    expect(await get().catch((error: unknown) => error)).toMatchObject({ fault: "token" });
    const lost = await street.read(street.inbox.id);
    expect(lost.status).toBe("needs_login");
    expect(lost.status_reason).toContain("invalid_grant");
    expect(lost.status_reason).toContain("7 days");
    expect(lost.status_reason).toContain("/reconnect");
    expect(lost.setup_url).not.toBeNull();
    const asked = world.asked.get("refresh_token");
    await get().catch(() => null);
    expect(world.asked.get("refresh_token")).toBe(asked ?? 0);
    const page = await street.signInAs(lost, ADA);
    expect([page.status, (await street.read(lost.id)).status]).toEqual([200, "active"]);
    expect(await get()).not.toBe("");
  });

  test.each([
    ["429", { kind: "status", status: 429, retry_after_s: 30 } as const, "limit"],
    ["500", { kind: "status", status: 500 } as const, "connect"],
    ["silence", { kind: "silent" } as const, "connect"],
  ])("pass through %s of the provider: the inbox stays active", async (_, trouble, fault) => {
    const street = await signedIn();
    const get = tokensOf(street);
    const first = await get();
    world.setTrouble(trouble);
    clock.at += 56 * MINUTE;
    // It is early: the old one still works.
    expect(await get()).toBe(first);
    clock.at += 5 * MINUTE;
    expect(await get().catch((error: unknown) => error)).toMatchObject({ fault });
    expect((await street.read(street.inbox.id)).status).toBe("active");
    world.setTrouble({ kind: "none" });
    clock.at += 31_000;
    expect(await get()).not.toBe(first);
  });
});

describe("Reconnecting", () => {
  test("answers a new setup_url, and the inbox works on until somebody signs in", async () => {
    const street = await signedIn();
    const { status, data } = await street.ask<Inbox>(
      "POST",
      `/inboxes/${street.inbox.id}/reconnect`,
    );
    expect([status, data.status]).toEqual([200, "active"]);
    expect(data.setup_url).not.toBe(street.inbox.setup_url);
    expect((await street.signInAs(data, "eve@gmail.com")).status).toBe(400);
    expect(await tokensOf(street)()).not.toBe("");
    expect((await street.signInAs(data, ADA)).status).toBe(200);
  });
});

describe("A code for another device", () => {
  const draft = { email: ADA, provider: "microsoft", auth: "device" };

  test("is asked about at the provider's pace until it was typed", async () => {
    const street = await openStreet();
    const { data, status } = await street.ask<Inbox>("POST", "/inboxes", draft);
    expect([status, data.status]).toEqual([201, "pending_auth"]);
    if (!data.device) throw new Error("there is no code");
    const { sign_ins } = street.house.house;
    await sign_ins.look();
    expect(world.asked.size).toBe(0);
    clock.at += 5_000;
    await sign_ins.look();
    await sign_ins.look();
    expect([...world.asked.values()]).toEqual([1]);
    expect((await street.read(data.id)).status).toBe("pending_auth");
    await typeCode(data.device, ADA);
    clock.at += 10_000;
    await sign_ins.look();
    expect(await street.read(data.id)).toMatchObject({ status: "active", device: null });
  });

  test("that nobody types in time is over, and the inbox says what to do", async () => {
    const street = await openStreet();
    const { data } = await street.ask<Inbox>("POST", "/inboxes", draft);
    clock.at = Date.parse(data.device?.expires_at ?? "") + 1000;
    await street.house.house.sign_ins.look();
    const over = await street.read(data.id);
    expect([over.status, over.device]).toEqual(["pending_auth", null]);
    expect(over.status_reason).toContain("Nobody typed the code in time");
    const again = await street.ask<Inbox>("POST", `/inboxes/${data.id}/reconnect`, {
      auth: "device",
    });
    expect(again.data.device?.user_code).not.toBe(data.device?.user_code ?? "");
  });

  test("is not for Google, which grants no mail to devices", async () => {
    const street = await openStreet();
    const { error } = await street.ask("POST", "/inboxes", { ...draft, provider: "gmail" });
    expect([error.code, error.field]).toEqual(["invalid_field", "auth"]);
  });
});

test("no token, code or client secret stands in the log or in an answer", async () => {
  const street = await signedIn();
  const get = tokensOf(street, {
    info: () => undefined,
    error: () => undefined,
    warn: (fields, text) => void street.house.lines.push({ level: "warn", fields, text }),
  });
  await get();
  await world.revoke(ADA);
  clock.at += 70 * MINUTE;
  await get().catch(() => null);
  const told = JSON.stringify([street.house.lines, await street.read(street.inbox.id)]);
  expect(world.tokens.length).toBeGreaterThan(1);
  for (const secret of [...world.tokens, CLIENT.secret]) expect(told.includes(secret)).toBe(false);
});
