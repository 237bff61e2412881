// Which zone a telephone number belongs to: its country by the E.164 calling code, and in North America, where eighty
// zones and countries share one code, its area. A number without its international prefix says nothing: nothing is guessed.

import { zoneOfCountry } from "./country-zones.ts";

export interface PhoneZone {
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** IANA name. */
  zone: string;
}

/** ITU-T E.164, assigned country codes (ITU Operational Bulletin 1114); no code is the beginning of another one. */
const CALLING_CODES = new Map(
  (
    "20 EG, 211 SS, 212 MA, 213 DZ, 216 TN, 218 LY, 220 GM, 221 SN, 222 MR, 223 ML, 224 GN, 225 CI, 226 BF, 227 NE, " +
    "228 TG, 229 BJ, 230 MU, 231 LR, 232 SL, 233 GH, 234 NG, 235 TD, 236 CF, 237 CM, 238 CV, 239 ST, 240 GQ, 241 GA, " +
    "242 CG, 243 CD, 244 AO, 245 GW, 246 IO, 247 SH, 248 SC, 249 SD, 250 RW, 251 ET, 252 SO, 253 DJ, 254 KE, 255 TZ, " +
    "256 UG, 257 BI, 258 MZ, 260 ZM, 261 MG, 262 RE, 263 ZW, 264 NA, 265 MW, 266 LS, 267 BW, 268 SZ, 269 KM, 27 ZA, " +
    "290 SH, 291 ER, 297 AW, 298 FO, 299 GL, 30 GR, 31 NL, 32 BE, 33 FR, 34 ES, 350 GI, 351 PT, 352 LU, 353 IE, " +
    "354 IS, 355 AL, 356 MT, 357 CY, 358 FI, 359 BG, 36 HU, 370 LT, 371 LV, 372 EE, 373 MD, 374 AM, 375 BY, 376 AD, " +
    "377 MC, 378 SM, 380 UA, 381 RS, 382 ME, 385 HR, 386 SI, 387 BA, 389 MK, 39 IT, 40 RO, 41 CH, 420 CZ, 421 SK, " +
    "423 LI, 43 AT, 44 GB, 45 DK, 46 SE, 47 NO, 48 PL, 49 DE, 500 FK, 501 BZ, 502 GT, 503 SV, 504 HN, 505 NI, " +
    "506 CR, 507 PA, 508 PM, 509 HT, 51 PE, 52 MX, 53 CU, 54 AR, 55 BR, 56 CL, 57 CO, 58 VE, 590 GP, 591 BO, 592 GY, " +
    "593 EC, 594 GF, 595 PY, 596 MQ, 597 SR, 598 UY, 599 CW, 60 MY, 61 AU, 62 ID, 63 PH, 64 NZ, 65 SG, 66 TH, " +
    "670 TL, 672 NF, 673 BN, 674 NR, 675 PG, 676 TO, 677 SB, 678 VU, 679 FJ, 680 PW, 681 WF, 682 CK, 683 NU, 685 WS, " +
    "686 KI, 687 NC, 688 TV, 689 PF, 690 TK, 691 FM, 692 MH, 73 RU, 74 RU, 78 RU, 79 RU, 76 KZ, 77 KZ, 81 JP, 82 KR, " +
    "84 VN, 850 KP, 852 HK, 853 MO, 855 KH, 856 LA, 86 CN, 880 BD, 886 TW, 90 TR, 91 IN, 92 PK, 93 AF, 94 LK, 95 MM, " +
    "960 MV, 961 LB, 962 JO, 963 SY, 964 IQ, 965 KW, 966 SA, 967 YE, 968 OM, 970 PS, 971 AE, 972 IL, 973 BH, 974 QA, " +
    "975 BT, 976 MN, 977 NP, 98 IR, 992 TJ, 993 TM, 994 AZ, 995 GE, 996 KG, 998 UZ"
  )
    .split(", ")
    .map((pair): [string, string] => [pair.split(" ")[0] ?? "", pair.split(" ")[1] ?? ""]),
);

/** Area codes of the North American Numbering Plan (NANPA, geographic codes): where a code spans zones, that of most people. */
const AREAS: readonly [country: string, zone: string, codes: string][] = [
  [
    "US",
    "America/New_York",
    "201 202 203 207 212 215 216 220 223 227 229 231 234 239 240 248 252 260 267 269 272 276 283 301 302 304 305 313 " +
      "315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 423 434 436 440 443 " +
      "445 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 567 570 571 574 582 585 586 603 606 607 609 610 " +
      "614 616 617 624 631 640 645 646 656 667 678 679 680 681 686 689 703 704 706 716 717 718 724 727 728 732 734 740 " +
      "743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 812 813 814 821 826 828 835 838 839 843 845 848 854 " +
      "856 857 859 860 862 863 864 865 878 904 906 908 910 912 914 917 919 929 930 934 937 941 943 947 948 954 959 973 " +
      "978 980 984 989",
  ],
  [
    "US",
    "America/Chicago",
    "205 210 214 217 218 219 224 225 228 251 254 256 262 270 274 281 308 309 312 314 316 318 319 320 325 327 331 334 " +
      "337 346 353 361 364 402 405 409 414 417 430 432 447 448 464 469 479 501 504 507 512 515 531 534 539 557 563 572 " +
      "573 580 601 605 608 612 615 618 620 629 630 636 641 651 659 660 662 682 701 708 712 713 715 726 730 731 737 763 " +
      "769 773 779 785 806 815 816 817 830 832 847 850 861 870 872 901 903 913 918 920 924 931 936 938 940 945 952 956 " +
      "972 975 979 985",
  ],
  ["US", "America/Denver", "208 303 307 385 406 435 505 575 719 720 801 915 970 983 986"],
  ["US", "America/Phoenix", "480 520 602 623 928"],
  [
    "US",
    "America/Los_Angeles",
    "206 209 213 253 279 310 323 341 350 360 369 408 415 424 425 442 458 503 509 510 530 541 559 562 564 619 626 628 " +
      "650 657 661 669 702 707 714 725 738 747 760 775 805 818 820 831 837 840 858 909 916 925 949 951 971",
  ],
  ["US", "America/Anchorage", "907"],
  ["US", "Pacific/Honolulu", "808"],
  [
    "CA",
    "America/Toronto",
    "226 249 263 289 343 354 365 367 382 416 418 437 438 450 468 514 519 548 579 581 613 647 683 705 742 753 807 819 " +
      "873 905 942",
  ],
  ["CA", "America/Winnipeg", "204 431 584"],
  ["CA", "America/Regina", "306 474 639"],
  ["CA", "America/Edmonton", "368 403 587 780 825 867"],
  ["CA", "America/Vancouver", "236 250 257 604 672 778"],
  ["CA", "America/Halifax", "428 506 782 902"],
  ["CA", "America/St_Johns", "709 879"],
  ["BS", "America/Nassau", "242"],
  ["BB", "America/Barbados", "246"],
  ["AI", "America/Anguilla", "264"],
  ["AG", "America/Antigua", "268"],
  ["VG", "America/Tortola", "284"],
  ["VI", "America/St_Thomas", "340"],
  ["KY", "America/Cayman", "345"],
  ["BM", "Atlantic/Bermuda", "441"],
  ["GD", "America/Grenada", "473"],
  ["TC", "America/Grand_Turk", "649"],
  ["JM", "America/Jamaica", "658 876"],
  ["MS", "America/Montserrat", "664"],
  ["MP", "Pacific/Saipan", "670"],
  ["GU", "Pacific/Guam", "671"],
  ["AS", "Pacific/Pago_Pago", "684"],
  ["SX", "America/Lower_Princes", "721"],
  ["LC", "America/St_Lucia", "758"],
  ["DM", "America/Dominica", "767"],
  ["VC", "America/St_Vincent", "784"],
  ["PR", "America/Puerto_Rico", "787 939"],
  ["DO", "America/Santo_Domingo", "809 829 849"],
  ["TT", "America/Port_of_Spain", "868"],
  ["KN", "America/St_Kitts", "869"],
];

const areas = new Map<string, PhoneZone>();
for (const [country, zone, codes] of AREAS)
  for (const code of codes.split(" ")) areas.set(code, { country, zone });

/** The digits of E.164 after `+`, `00` or, as North America dials, `011`; extensions and whatever else people write fall away. */
function digitsOf(phone: string): string | null {
  const text = phone.slice(0, 60).trim();
  const [, rest] = /^(?:tel:)?\s*\(?(?:\+|00|011)(.*)$/is.exec(text) ?? [];
  if (rest === undefined) return null;
  const [number = ""] = rest.split(/(?:;|,|#|x|ext)/i);
  const digits = number.replaceAll(/\(0\)|\D/g, "");
  return digits.length >= 7 && digits.length <= 15 && !digits.startsWith("0") ? digits : null;
}

/** The zone of a number in international form, or null: none, not assigned, or an area of no place (toll-free). */
export function zoneOfPhone(phone: string): PhoneZone | null {
  const digits = digitsOf(phone);
  if (digits === null) return null;
  if (digits.startsWith("1"))
    return digits.length === 11 ? (areas.get(digits.slice(1, 4)) ?? null) : null;
  for (const length of [2, 3]) {
    const country = CALLING_CODES.get(digits.slice(0, length));
    const found = country === undefined ? null : zoneOfCountry(country);
    if (found) return { country: found.country, zone: found.zone };
  }
  return null;
}
