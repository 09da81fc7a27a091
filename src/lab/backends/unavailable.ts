/** A backend cannot run here: why, and what to do about it. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    message: string,
    readonly next: string,
  ) {
    super(message);
  }
}

/** The first line of what went wrong. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0] ?? message;
}
