// What the house writes its log through. Fields are data, texts are sentences; no secret belongs into either.

export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}
