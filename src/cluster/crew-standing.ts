import type { MemoryStanding } from '../auth/memory-standing.ts';
import type { News, Seating, StandingSource, Verdict } from '../auth/standing-source.ts';
import type { TicketStore } from '../auth/ticket-store.ts';
import type { SupervisorLine } from './supervisor-line.ts';

/** What workers ask about uids and tickets: a supervisor and its workers are the same version. */
const names = { enter: 'standing.enter', leave: 'standing.leave', news: 'standing.news', take: 'ticket.take' } as const;

/** The truth about uids of a worker: its supervisor's memory. */
export function createCrewStanding(line: SupervisorLine, worker: number): StandingSource {
  let through = -1;
  return {
    start: () => Promise.resolve(),
    enter: (seating) => line.ask(names.enter, seating) as Promise<Verdict>,
    leave: (uid, seat) => line.tell(names.leave, { uid, seat }),
    ownSeat(fullName) {
      const start = `${worker}:`;
      return fullName.startsWith(start) ? fullName.slice(start.length) : undefined;
    },
    told: () => {},
    async news() {
      const news = (await line.ask(names.news, { after: through })) as News;
      ({ through } = news);
      return news;
    },
    stop: () => Promise.resolve(),
  };
}

/** The tickets of a worker. They are issued by its supervisor. */
export function createCrewTickets(line: SupervisorLine): TicketStore {
  return {
    put: () => Promise.reject(new Error('A worker issues no tickets.')),
    async take(key) {
      const { text } = (await line.ask(names.take, { key })) as { text?: string };
      return text;
    },
  };
}

export interface CrewTruthDeps {
  readonly standing: MemoryStanding;
  readonly tickets: TicketStore;
  /** Tells all workers that seats were given away. */
  readonly tellReplaced: (fullNames: readonly string[]) => void;
}

/** The supervisor's side: answers what a worker asks. Undefined: that is not for here. */
export function answerWorkers({ standing, tickets, tellReplaced }: CrewTruthDeps) {
  return (worker: number, name: string, about: unknown): unknown => {
    switch (name) {
      case names.enter: {
        const verdict = standing.enter(worker, about as Seating);
        if (verdict.state === 'in' && verdict.replaced.length > 0) tellReplaced(verdict.replaced);
        return verdict;
      }
      case names.leave: {
        const { uid, seat } = about as { uid: string; seat: string };
        return standing.leave(worker, uid, seat);
      }
      case names.news:
        return standing.news((about as { after: number }).after);
      case names.take:
        return tickets.take((about as { key: string }).key).then((text) => ({ text }));
    }
    return undefined;
  };
}
