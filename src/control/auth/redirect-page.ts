/**
 * What the browser shows at the end of a sign-in, or of what was no part of one.
 *
 * @module
 */

/** A page. */
export interface RedirectPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** No scripts, nothing from elsewhere, no frame around it, and the address, with its code, told to nobody. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
} as const;

/** As HTML. Whatever it says, it says as text. */
export function pageHtml({ title, text }: RedirectPage): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>streamer: ${escaped(title)}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
