import type { Instance } from '../support/instance.ts';
import { request } from '../support/request.ts';

type Numbers = Readonly<Record<string, number>>;

/** `/stats` of an instance with workers. */
export interface CrewDocument {
  readonly gauges: Numbers;
  readonly counters: Numbers;
  readonly state: string;
  readonly readiness: { readonly ok: boolean };
  readonly backup: { readonly primary: string } | null;
  readonly workers: readonly {
    readonly worker: number;
    readonly pid: number | null;
    readonly isReady: boolean;
    readonly restarts: number;
    readonly readiness: { readonly ok: boolean } | null;
    readonly gauges: Numbers | null;
    readonly counters: Numbers | null;
  }[];
}

export async function crewOf({ adminUrl }: Pick<Instance, 'adminUrl'>): Promise<CrewDocument> {
  return (await request(`${adminUrl}/stats`)).json as CrewDocument;
}
