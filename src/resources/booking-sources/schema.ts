// How booking sources look on the wire.
import { t } from "elysia";

import { idOf, instant, nullable, pageQuery } from "../../http/schemas.ts";

const fields = {
  id: idOf("bks"),
  object: t.Literal("booking_source"),
  name: t.String(),
  last_used_at: nullable(
    t.Unsafe<string>({ ...instant, description: "When it last told of anything." }),
  ),
  created_at: instant,
};

export const BookingSource = t.Object(fields);
export type BookingSource = typeof BookingSource.static;

export const ShownBookingSource = t.Object(
  {
    ...fields,
    token: t.String({
      description: "Shown once. The calendar posts to `/b/<token>` of the public address.",
    }),
    secret: t.String({ description: "Shown once. The calendar signs with the whole text." }),
  },
  { title: "NewlyMadeBookingSource" },
);

export const BookingSourceQuery = t.Object(pageQuery);

export const NewBookingSource = t.Object({
  name: t.String({ minLength: 1, maxLength: 120, description: "For you: which calendar it is." }),
});
