// /llms.txt: what a program that reads needs to know to use this server.

import { isRecord } from "../../http/json-body.ts";
import type { Json } from "../../http/openapi-schema.ts";

const HEAD = `# imail

> Outbound e-mail from one's own machine: sequences of mails from one's own mailboxes, within send windows and limits, with answers, bounces and unsubscribes read and obeyed. One executable, one HTTP API, no cloud.

## How to call it

- Base: this server, paths begin with /v1. JSON in and out, UTF-8.
- Key: \`Authorization: Bearer imk_live_…\` or \`imk_test_…\`; made with \`imail keys create --mode test --scopes all\` where the data is. A key has scopes (\`campaigns:write\` implies \`campaigns:read\`).
- Success: {"success": true, "data": …}; lists add "pagination" {limit, next_cursor, has_more}. Failure: {"success": false, "error": {code, message, field?, doc, details?}, "message", "request_id"}. Read error.message: it names the place, the limit and the remedy.
- Unknown fields and parameters are refused by name. Ids are texts such as lead_00000000007. Instants are RFC 3339 UTC, durations ISO 8601 (P3D).
- Send \`Idempotency-Key\` with each POST that must not happen twice, and repeat the call with the same key when its answer was lost.
- On 429 wait for the seconds in \`Retry-After\`.

## How to try it without sending a mail

Use a test key: POST /v1/inboxes {"email": "ada@sender.test", "provider": "sandbox"}, POST /v1/campaigns with that inbox, POST /v1/leads {"email": "reply+interested@shop.test", "campaign_id": …}, POST /v1/campaigns/{id}/resume, POST /v1/test/clock/advance {"by": "P7D"}, then GET /v1/messages, GET /v1/events, GET /v1/test/mailbox. What the recipient does follows from the address: reply+interested@, ooo@, bounce+hard@, bounce+soft@, unsubscribe@, complaint@ at any domain under .test.

## Routes
`;

const TAIL = `
## More

- [OpenAPI 3.1](/openapi.json): every route, field, limit, error and an example
- [API reference](/docs): the same for people
- [Error codes](/docs/errors)
- [Why is nothing being sent?](/docs/explain): every reason that GET /v1/campaigns/{id}/explain and GET /v1/leads/{id}/explain give, and what to do about it
- [Changelog](/docs/changelog)
`;

/** The text, with one line per operation of the document. */
export function llmsText(document: Json): string {
  const paths = isRecord(document["paths"]) ? document["paths"] : {};
  const lines = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(isRecord(methods) ? methods : {}).map(([method, operation]) => {
      const summary = isRecord(operation) ? operation["summary"] : null;
      return `- ${method.toUpperCase()} ${path}${typeof summary === "string" ? `: ${summary}` : ""}`;
    }),
  );
  return `${HEAD}\n${lines.join("\n")}\n${TAIL}`;
}
