/**
 * What a user is shown while signing in.
 *
 * @module
 */

/** A code to type in at an address, on any device (RFC 8628 section 3.2). */
export interface DeviceCode {
  readonly address: string;
  readonly code: string;
  /** The address with the code in it. */
  readonly complete: string | undefined;
  readonly expiresInSeconds: number;
}

/** Shows it. Nothing that is shown is secret for longer than the sign-in takes. */
export interface SignInPrompts {
  /** A link that the user may open; `opened` is told of a browser that was started. */
  link(address: string): void;
  deviceCode(code: DeviceCode): void;
  /** Opens a browser. Whether there seems to be one. */
  openBrowser(address: string): Promise<boolean>;
  /** What else is worth saying. */
  notice(text: string): void;
}
