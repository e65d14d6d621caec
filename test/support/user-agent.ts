/**
 * A user with a browser, by HTTP alone: keeps cookies, follows redirections, and fills in the forms of oidc-provider's development
 * pages.
 *
 * @module
 */

/** A page that was come to. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Most redirections and forms of one sign-in. */
const STEPS_MAX = 20;

/** One browser. */
export class UserAgent {
  /** By host, then by name. */
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Opens an address and follows where it leads. */
  async open(address: string): Promise<Page> {
    return this.#go(address, { method: 'GET' });
  }

  /** Sends the one form of a page, its hidden fields and these. */
  async submit(page: Page, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const action = /<form[^>]*\baction="([^"]+)"/u.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`no form at ${page.url}: ${page.text.slice(0, 500)}`);
    const form = new URLSearchParams();
    for (const [input] of page.text.matchAll(/<input[^>]*>/gu)) {
      const [name, value] = [/\bname="([^"]*)"/u.exec(input)?.[1], /\bvalue="([^"]*)"/u.exec(input)?.[1]];
      if (name !== undefined && value !== undefined) form.set(name, unescaped(value));
    }
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return this.#go(new URL(unescaped(action), page.url).href, { method: 'POST', body: form });
  }

  /** Signs in at an address and allows what is asked, until there is no form any more. @returns the last page */
  async signIn(address: string, user: string): Promise<Page> {
    let page = await this.open(address);
    for (let step = 0; step < STEPS_MAX && page.text.includes('<form'); step += 1) {
      page = await this.submit(page, page.text.includes('name="password"') ? { login: user, password: 'any' } : {});
    }
    return page;
  }

  /** Follows the link with which a user refuses. */
  async cancel(page: Page): Promise<Page> {
    const link = /<a href="([^"]*abort[^"]*)"/u.exec(page.text)?.[1];
    if (link === undefined) throw new Error(`nothing to cancel with at ${page.url}`);
    return this.open(new URL(unescaped(link), page.url).href);
  }

  async #go(address: string, request: { readonly method: string; readonly body?: URLSearchParams }): Promise<Page> {
    let [url, { method, body }] = [address, request];
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const response = await fetch(url, { method, redirect: 'manual', headers: this.#headers(url), ...(body === undefined ? {} : { body }) });
      this.#keep(url, response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) return { url, status: response.status, text: await response.text() };
      await response.body?.cancel();
      [url, method, body] = [new URL(location, url).href, 'GET', undefined];
    }
    throw new Error(`${address} leads on and on`);
  }

  #headers(url: string): Record<string, string> {
    const cookies = [...(this.#cookies.get(new URL(url).host) ?? [])].map(([name, value]) => `${name}=${value}`);
    return cookies.length === 0 ? {} : { cookie: cookies.join('; ') };
  }

  #keep(url: string, given: readonly string[]): void {
    const { host } = new URL(url);
    const cookies = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, cookies);
    for (const cookie of given) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
  }
}

function unescaped(html: string): string {
  return html.replace(/&amp;/gu, '&').replace(/&#x2F;/giu, '/').replace(/&quot;/gu, '"').replace(/&#39;/gu, "'");
}
