/**
 * HTML out of templates, with every value escaped that is not HTML already.
 *
 * @module
 */

/** A piece of markup. */
export interface Html {
  readonly markup: string;
}

/** Escapes text for content and for attributes in double quotes. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A template's text is markup; its values are escaped unless they are markup, too. */
export function html(texts: TemplateStringsArray, ...values: readonly (string | number | Html)[]): Html {
  const parts = texts.map((text, index) => {
    const value = values[index];
    if (value === undefined) return text;
    return text + (typeof value === 'object' ? value.markup : escape(String(value)));
  });
  return { markup: parts.join('') };
}

/** Pieces one after the other. */
export function join(pieces: readonly Html[]): Html {
  return { markup: pieces.map(({ markup }) => markup).join('') };
}

/** Markup from elsewhere, taken as it is. */
export function trusted(markup: string): Html {
  return { markup };
}
