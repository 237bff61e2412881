// A browser as far as signing in goes: it keeps the cookie, names its origin, and sends JSON.
import { createUser } from "../../../src/resources/auth/actions.ts";
import { hasAnyUser } from "../../../src/resources/auth/store.ts";
import type { TestHouse } from "../../world/house.ts";

export const EMAIL = "ada@example.com";
export const PASSWORD = "correct horse battery";
const ORIGIN = "http://localhost";

export interface BrowserAnswer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line no-explicit-any -- a test says what it expects and then looks
  body: any;
  text: string;
}

export interface Browser {
  /** What it holds of us, `imail_session=…`; "" for nothing. */
  cookie: string;
  send(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<BrowserAnswer>;
}

/** A browser without a session. Its own headers can be overridden; "" leaves one out. */
export function openBrowser(house: TestHouse, cookie = ""): Browser {
  const browser: Browser = {
    cookie,
    async send(method, path, body, extra = {}) {
      const payload = body === undefined ? null : JSON.stringify(body);
      const headers = new Headers({
        authorization: "",
        cookie: browser.cookie,
        ...(method === "GET" ? {} : { origin: ORIGIN, "sec-fetch-site": "same-origin" }),
        ...(payload === null
          ? {}
          : {
              "content-type": "application/json",
              "content-length": String(Buffer.byteLength(payload)),
            }),
        ...extra,
      });
      const empty = [...headers.keys()].filter(
        (name) => headers.get(name) === "" && name !== "authorization",
      );
      for (const name of empty) headers.delete(name);
      const answer = await house.request(path, { method, headers, body: payload });
      const set = answer.headers.get("set-cookie");
      if (set !== null) browser.cookie = set.split(";")[0] ?? "";
      const text = await answer.text();
      const is_json = answer.headers.get("content-type")?.startsWith("application/json") === true;
      return {
        status: answer.status,
        headers: answer.headers,
        body: is_json ? JSON.parse(text) : null,
        text,
      };
    },
  };
  return browser;
}

/** A browser in which Ada is signed in; her account is made when there is none. */
export async function signIn(house: TestHouse): Promise<Browser> {
  const browser = openBrowser(house);
  if (!hasAnyUser(house.control)) await createUser(house.control, EMAIL, PASSWORD);
  await browser.send("POST", "/v1/auth/login", { email: EMAIL, password: PASSWORD });
  return browser;
}
