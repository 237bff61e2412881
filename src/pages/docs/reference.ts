// The page that shows the API: Scalar, which is inside the program. Nothing is asked of any other server, and none of
// its parts that lead elsewhere is on.

import { escaped } from "../../http/html.ts";

/** The version of Scalar that is embedded; scripts/scalar.ts pins it. */
export const SCALAR_VERSION = "1.72.1";

const CONFIGURATION = {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  proxyUrl: "",
  persistAuth: false,
  defaultOpenAllTags: false,
  operationTitleSource: "summary",
  documentDownloadType: "none",
  authentication: { preferredSecurityScheme: "key" },
};

/** What this page may do. Scalar writes its style into the page; everything else comes from this server. */
export const REFERENCE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page. */
export const referencePage = () => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>imail API</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript. The same as text: <a href="/openapi.json">openapi.json</a>, <a href="/llms.txt">llms.txt</a>.</noscript>
<script id="api-reference" type="application/json" data-configuration="${escaped(JSON.stringify(CONFIGURATION))}"></script>
<script src="/docs/scalar.js?v=${SCALAR_VERSION}"></script>
</body>
</html>
`;
