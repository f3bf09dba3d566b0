import { readFileSync } from 'node:fs';

/** Linux tells times to programs in ticks of 1/100 s whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;
const PAGE_KB = 4;

/** User plus system CPU time of all threads of the processes, in microseconds (steps of 10 ms). */
export function cpuMicros(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name may hold spaces; the fields are counted after its closing bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks * 1_000_000) / TICKS_PER_SECOND;
}

/** Resident memory of the processes together, in KB of 1,024 bytes. */
export function residentKb(pids: readonly number[]): number {
  let pages = 0;
  for (const pid of pids) pages += Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return pages * PAGE_KB;
}

/** CPU time that all cores of the machine together were busy since it started, in microseconds (steps of 10 ms). */
export function machineBusyMicros(): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n')[0]!;
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  const ticks = user! + nice! + system! + irq! + softirq! + steal!;
  return (ticks * 1_000_000) / TICKS_PER_SECOND;
}
