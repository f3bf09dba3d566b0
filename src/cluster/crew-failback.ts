import { HandBack, type HandBackDeps, type HandBackOptions } from './hand-back.ts';

/** A worker's part of a failback: its supervisor watches the primary, and it hands its own clients back. */
export function createCrewFailback(deps: HandBackDeps, options: HandBackOptions) {
  const handBack = new HandBack(deps, options);
  let isStopped = false;
  return {
    /** What the supervisor says of the primary, as often as it likes. */
    heed(isWell: boolean): void {
      if (isWell && !isStopped) handBack.begin();
      else handBack.end();
    },
    start(): void {},
    /** Nobody is handed back from now on. */
    stop(): void {
      isStopped = true;
      handBack.end();
    },
    /** It knows nothing of the primary by itself. */
    report: () => null,
  };
}
