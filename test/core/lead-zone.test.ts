// In which zone a lead's window is read, and what that is taken from.

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { zoneOfCountry } from "../../src/core/country-zones.ts";
import { inferZone } from "../../src/core/lead-zone.ts";
import { zoneOfPhone } from "../../src/core/phone-zones.ts";
import { isZone } from "../../src/core/zones.ts";

const nobody = { timezone: null, country: null, phone: null };

describe("a country", () => {
  test.each([
    ["DE", "Europe/Berlin"],
    ["de", "Europe/Berlin"],
    ["DEU", "Europe/Berlin"],
    [" Germany ", "Europe/Berlin"],
    ["Deutschland", "Europe/Berlin"],
    ["Allemagne", "Europe/Berlin"],
    ["日本", "Asia/Tokyo"],
    ["España", "Europe/Madrid"],
    ["espana", "Europe/Madrid"],
    ["UK", "Europe/London"],
    ["England", "Europe/London"],
    ["U.S.A.", "America/New_York"],
    ["United States of America", "America/New_York"],
    ["The Netherlands", "Europe/Amsterdam"],
    ["Czech Republic", "Europe/Prague"],
    ["Côte d'Ivoire", "Africa/Abidjan"],
    ["Russian Federation", "Europe/Moscow"],
    ["Brasil", "America/Sao_Paulo"],
    ["Australia", "Australia/Sydney"],
    ["Österreich", "Europe/Vienna"],
  ])("%p is in %s", (name, zone) => {
    expect(zoneOfCountry(name)?.zone).toBe(zone);
  });

  test.each([
    "",
    "-",
    "n/a",
    "Atlantis",
    "EMEA",
    "XX",
    "constructor",
    "__proto__",
    "q".repeat(5000),
  ])("%p is none", (name) => {
    expect(zoneOfCountry(name)).toBeNull();
  });

  test("every ISO 3166-1 code that the runtime knows has a zone that it knows", () => {
    const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
    // Not countries: groups, pseudo regions, what is reserved or was withdrawn.
    const others = new Set(
      "AC AN BU CP CQ CS DD DG DY EA EU EZ FX HV IC NH NT QO QU RH SU TA TP UK UN VD XA XB XK YD YU ZR ZZ".split(
        " ",
      ),
    );
    const codes = letters
      .flatMap((one) => letters.map((two) => one + two))
      .filter((code) => !others.has(code) && names.of(code) !== undefined);
    expect(codes.length).toBeGreaterThan(240);
    const unknown = codes.filter((code) => !isZone(zoneOfCountry(code)?.zone ?? ""));
    expect(unknown).toEqual([]);
  });
});

describe("a telephone number", () => {
  test.each([
    ["+49 30 901820", "DE", "Europe/Berlin"],
    ["0049 (0)30 901820", "DE", "Europe/Berlin"],
    ["011 44 20 7946 0000", "GB", "Europe/London"],
    ["tel:+33-1-42-68-53-00", "FR", "Europe/Paris"],
    ["+1 (415) 555-0123", "US", "America/Los_Angeles"],
    ["+1 212 555 0123 ext. 4", "US", "America/New_York"],
    ["+1-808-555-0123x9", "US", "Pacific/Honolulu"],
    ["+1 602 555 0123", "US", "America/Phoenix"],
    ["+1 604 555 0123", "CA", "America/Vancouver"],
    ["+1 787 555 0123", "PR", "America/Puerto_Rico"],
    ["+7 495 123-45-67", "RU", "Europe/Moscow"],
    ["+7 727 123-45-67", "KZ", "Asia/Almaty"],
    ["+353 1 234 5678", "IE", "Europe/Dublin"],
    ["+81 3 1234 5678", "JP", "Asia/Tokyo"],
    ["+971 4 123 4567", "AE", "Asia/Dubai"],
  ])("%s is in %s, %s", (phone, country, zone) => {
    expect(zoneOfPhone(phone)).toEqual({ country, zone });
  });

  test.each([
    ["no prefix: it could be anybody's", "030 901820"],
    ["a North American number without +1", "(415) 555-0123"],
    ["toll-free: of no place", "+1 800 555 0123"],
    ["too short", "+49 30"],
    ["too long", "+49 123456789012345"],
    ["an area that is not assigned", "+1 999 555 0123"],
    ["a code that is not assigned", "+999 1234567"],
    ["words", "call me"],
    ["nothing", ""],
  ])("says nothing: %s", (_, phone) => {
    expect(zoneOfPhone(phone)).toBeNull();
  });
});

describe("a lead's zone", () => {
  test("is its own word before all else", () => {
    const lead = { timezone: "asia/tokyo", country: "DE", phone: "+33 1 42685300" };
    expect(inferZone(lead)).toEqual({ zone: "Asia/Tokyo", basis: "lead" });
  });

  test("is that of its country before its phone", () => {
    const lead = { ...nobody, country: "Germany", phone: "+33 1 42685300" };
    expect(inferZone(lead)).toEqual({ zone: "Europe/Berlin", basis: "country" });
  });

  test("is that of its phone where the country is not known", () => {
    const lead = { ...nobody, country: "EMEA", phone: "+33 1 42685300" };
    expect(inferZone(lead)).toEqual({ zone: "Europe/Paris", basis: "phone" });
  });

  test("in a country of several zones is that of the area code, and without one that of most people", () => {
    expect(inferZone({ ...nobody, country: "US", phone: "+1 415 555 0123" })).toEqual({
      zone: "America/Los_Angeles",
      basis: "phone",
    });
    expect(inferZone({ ...nobody, country: "US", phone: "+49 30 901820" })).toEqual({
      zone: "America/New_York",
      basis: "country",
    });
    expect(inferZone({ ...nobody, country: "US" })).toMatchObject({ basis: "country" });
  });

  test("is not guessed where nothing tells it", () => {
    expect(inferZone(nobody)).toBeNull();
  });

  test("is a zone or null, whatever came in", () => {
    const word = fc.option(
      fc.oneof(fc.string({ maxLength: 100 }), fc.constantFrom("US", "+1 415 555 0123", "x")),
      { nil: null },
    );
    fc.assert(
      fc.property(word, word, word, (timezone, country, phone) => {
        const found = inferZone({ timezone, country, phone });
        if (found !== null) expect(isZone(found.zone)).toBe(true);
      }),
    );
  });
});
