// What one inbound mail says, parsed: the only shape in which core judges mail. src/mail fills it.

/** One parsed mail. Message ids are without angle brackets, header names are lower case, dates ms UTC. */
export interface ParsedMail {
  headers: { name: string; value: string }[];
  message_id: string | null;
  in_reply_to: string[];
  references: string[];
  from: { address: string; name: string } | null;
  to: string[];
  subject: string;
  date: number | null;
  text: string;
  html: string | null;
  /** The top-level media type, lower case, without parameters: `multipart/report`. */
  content_type: string;
  /** The `report-type` parameter, lower case: `delivery-status`, `feedback-report`. */
  report_type: string | null;
  /** The leaves that are not the body: DSN blocks, original headers, feedback reports. */
  parts: { content_type: string; text: string }[];
  /** Size of the whole mail in bytes. */
  size: number;
}

/** The values of all headers of this name (lower case), in their order. */
export function headerValues(mail: ParsedMail, name: string): string[] {
  return mail.headers.filter((header) => header.name === name).map((header) => header.value);
}
