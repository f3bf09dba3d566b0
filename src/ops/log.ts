import { destination, pino, type Level, type Logger } from 'pino';

/** JSON lines on standard error; `event` names what happened and is constant. Never a payload, never a password. */
export type Log = Logger;

/** Written synchronously: there are few lines, and the last ones before an end are the ones that matter. */
export function createLog(level: Level | 'silent'): Log {
  return pino({ level, base: null }, destination({ fd: 2, sync: true }));
}

/** The same log for what has to be in it however few lines are wanted: its `info` is written at every level but `silent`. */
export function auditLog(log: Log): Log {
  return log.level === 'silent' ? log : log.child({}, { level: 'info' });
}
