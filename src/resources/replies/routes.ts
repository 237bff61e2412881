// The URLs of replies: one inbox for all mailboxes.
import { Elysia } from "elysia";

import { notFound } from "../../core/faults.ts";
import { type IdPrefix, parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { getMessage, Message } from "../messages/shown.actions.ts";
import { showOpenReply, showReply } from "./answer.ts";
import { countReplies, listReplies } from "./list.store.ts";
import { NewAnswer, OpenReply, Reply, ReplyChange, ReplyQuery } from "./schema.ts";
import { findReply, type KeptReply } from "./store.ts";
