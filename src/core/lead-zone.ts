// In which zone a lead's window is read, and what that is taken from (domain.md "Time"): the lead's own word, else its
// country, else its telephone number. Nothing is looked up anywhere: the same lead always gets the same zone.

import { zoneOfCountry } from "./country-zones.ts";
import { zoneOfPhone } from "./phone-zones.ts";
import { findZone } from "./zones.ts";

export const ZONE_BASES = ["lead", "country", "phone", "workspace"] as const;
export type ZoneBasis = (typeof ZONE_BASES)[number];

/** What of a lead tells its zone. */
export interface Whereabouts {
  timezone: string | null;
  /** A code or a name, as it came in. */
  country: string | null;
  phone: string | null;
}

/**
 * The lead's zone, or null when nothing tells it. A country of several zones is made more exact by a number of that
 * country: an area code knows more than "US".
 */
export function inferZone(lead: Whereabouts): { zone: string; basis: ZoneBasis } | null {
  const own = lead.timezone === null ? null : findZone(lead.timezone);
  if (own !== null) return { zone: own, basis: "lead" };
  const country = lead.country === null ? null : zoneOfCountry(lead.country);
  if (country && !country.is_one_of_many) return { zone: country.zone, basis: "country" };
  const phone = lead.phone === null ? null : zoneOfPhone(lead.phone);
  if (country === null) return phone && { zone: phone.zone, basis: "phone" };
  return phone?.country === country.country && phone.zone !== country.zone
    ? { zone: phone.zone, basis: "phone" }
    : { zone: country.zone, basis: "country" };
}
