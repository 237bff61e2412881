// What the person reads who comes back from the provider.
import type { GrantFailure } from "../../core/oauth-port.ts";
import type { SignInPage } from "../../http/sign-ins.ts";

export function problemPage(problem: string, text: string[]): SignInPage {
  return { status: 400, title: "You are not signed in", problem, text, link: null };
}

export function connectedPage(provider: string, email: string): SignInPage {
  const text = [
    `imail sends from this mailbox and reads its answers with the permission of ${provider}.`,
    `You can withdraw it at any time in your ${provider} account.`,
    "You may close this page.",
  ];
  return { status: 200, title: `${email} is connected`, problem: null, text, link: null };
}

/** The code was not redeemed. */
export function failedPage(provider: string, failure: GrantFailure): SignInPage {
  if (failure.outcome === "unavailable") {
    const problem = `${provider} cannot be asked at the moment: ${failure.words}`;
    return { ...problemPage(problem, ["Nothing was saved. Try again in a minute."]), status: 502 };
  }
  if (failure.outcome === "misconfigured") {
    const problem = `${provider} does not take the OAuth client of the settings: ${failure.words}`;
    return problemPage(problem, ["Look at its id, its secret and its redirect URI."]);
  }
  return problemPage(`${provider} did not take the code that it gave: ${failure.words}`, [
    "Nothing was saved.",
  ]);
}
