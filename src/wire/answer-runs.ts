/**
 * Answers to entries, joined to as few frames as may be: one frame answers consecutive entries.
 *
 * @module
 */
import { ENTRIES_PER_FRAME } from './constants.js';
import type { Answer, AnswersFrame } from './frame.js';

/** See the module's head. */
export class AnswerRuns {
  readonly #frames: AnswersFrame[] = [];
  #first = 0;
  #answers: Answer[] = [];

  add(id: number, answer: Answer): void {
    if (id !== this.#first + this.#answers.length || this.#answers.length >= ENTRIES_PER_FRAME) this.#end();
    if (this.#answers.length === 0) this.#first = id;
    this.#answers.push(answer);
  }

  /** Frames for all that was added, in its order. */
  frames(): readonly AnswersFrame[] {
    this.#end();
    return this.#frames;
  }

  #end(): void {
    if (this.#answers.length > 0) this.#frames.push({ type: 'answers', first: this.#first, answers: this.#answers });
    this.#answers = [];
  }
}
