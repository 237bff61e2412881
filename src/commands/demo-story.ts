// What the demo plays: a sequence of three mails and twenty people, some of whose addresses make things happen
// (api.md "Test mode"). Nobody of them exists: `.test` is reserved (RFC 2606 2).

export const DEMO_DAYS = 14;

export const INBOX = { email: "you@demo.test", name: "You", provider: "sandbox" };

export const CAMPAIGN = {
  name: "Fourteen days in a few seconds",
  steps: [
    {
      subject: "{A question|A short question} about {{ company }}",
      body: 'Hi {{ first_name | default: "there" }},\n\nhow does {{ company }} do this today?\n\nBest,\nYou',
    },
    {
      delay: "P3D",
      body: '{Hi|Hello} {{ first_name | default: "there" }}, did you see my mail?\n\nBest,\nYou',
    },
    {
      delay: "P4D",
      body: "This is my last mail, I promise.\n\nBest,\nYou",
      branches: [{ when: { event: "bounced_soft" }, go_to: "end" }],
    },
  ],
};

const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London"];

const PEOPLE: [first_name: string, company: string, name: string][] = [
  ["Ada", "Analytical", "reply+interested"],
  ["Ben", "Bakery", "ben"],
  ["Cleo", "Cartography", "ooo"],
  ["Dan", "Dynamos", "bounce+hard"],
  ["Eva", "Engines", "eva"],
  ["Finn", "Ferries", "reply+not_interested"],
  ["Gita", "Gardens", "gita"],
  ["Hugo", "Harbour", "unsubscribe"],
  ["Ines", "Ink", "ines"],
  ["Jon", "Joinery", "jon"],
  ["Kim", "Kites", "bounce+soft"],
  ["Lea", "Lenses", "lea"],
  ["Max", "Maps", "reply+question"],
  ["Nora", "Nets", "nora"],
  ["Ole", "Ovens", "ole"],
  ["Pia", "Paper", "pia"],
  ["Quinn", "Quarry", "quinn"],
  ["Rosa", "Radio", "reply+meeting_requested"],
  ["Sam", "Sails", "sam"],
  ["Tea", "Timber", "tea"],
];

export const LEADS = PEOPLE.map(([first_name, company, name], i) => ({
  email: `${name}@${company.toLowerCase()}.test`,
  first_name,
  company,
  timezone: ZONES[i % ZONES.length] ?? "Europe/Berlin",
}));
