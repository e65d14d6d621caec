/**
 * A bound on strangers: things that wait to prove who they are.
 *
 * @module
 */

/**
 * Holds at most so many. When one too many comes, the address that holds most of them loses its oldest, so that a flood
 * from one host cannot push out the real client.
 */
export class CrowdLimit<T> {
  readonly #most: number;
  readonly #drop: (stranger: T) => void;
  /** In order of arrival. */
  readonly #members = new Map<T, string>();

  /** @param drop ends one that has to go. */
  constructor(most: number, drop: (stranger: T) => void) {
    this.#most = most;
    this.#drop = drop;
  }

  /** @param address whom to count it against. */
  add(stranger: T, address: string): void {
    if (this.#members.size >= this.#most) this.#evict();
    this.#members.set(stranger, address);
  }

  /** It has proved itself, or gone. */
  delete(stranger: T): void {
    this.#members.delete(stranger);
  }

  dropAll(): void {
    const members = [...this.#members.keys()];
    this.#members.clear();
    for (const member of members) this.#drop(member);
  }

  #evict(): void {
    const counts = new Map<string, number>();
    for (const address of this.#members.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [member, address] of this.#members) {
      if (counts.get(address) !== most) continue;
      this.#members.delete(member);
      this.#drop(member);
      return;
    }
  }
}
