/**
 * The one field of a small upload's form.
 *
 * @module
 */

/** A file of a form. */
export interface FormFile {
  readonly name: string;
  readonly content: Buffer;
}

/** Finds the field `file` in a body of multipart/form-data, RFC 7578. */
export function formFile(contentType: string | undefined, body: Buffer): FormFile | undefined {
  const [, quoted, plain] = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;\s]+))/iu.exec(contentType ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return undefined;
  const mark = Buffer.from(`\r\n--${boundary}`);
  // The first boundary has no line before it.
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  for (let start = whole.indexOf(mark); start >= 0; ) {
    const next = whole.indexOf(mark, start + mark.length);
    if (next < 0) return undefined;
    const part = whole.subarray(start + mark.length + 2, next);
    const headEnd = part.indexOf('\r\n\r\n');
    const [, field, name] = /content-disposition:\s*form-data;.*?\bname="([^"]*)"(?:.*?\bfilename="([^"]*)")?/isu.exec(part.subarray(0, Math.max(headEnd, 0)).toString()) ?? [];
    if (field === 'file' && name !== undefined) return { name, content: part.subarray(headEnd + 4) };
    start = next;
  }
  return undefined;
}
