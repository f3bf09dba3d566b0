import type { Config } from '../config/schema.ts';
import { residentBound, type ProcessMemory } from '../gateway/memory-guard.ts';

/** The settings of one of so many workers: its part of what is set for the whole. What is set for one uid or one connection stays. */
export function shareOf(config: Config, workers: number, memory: ProcessMemory): Config {
  const part = (whole: number): number => Math.ceil(whole / workers);
  return {
    ...config,
    maxPosts: part(config.maxPosts),
    keys: config.keys.map((key) => ({ ...key, rate: part(key.rate) })),
    maxConnections: part(config.maxConnections),
    maxHttpConnections: part(config.maxHttpConnections),
    maxConnectionsPerAddress: part(config.maxConnectionsPerAddress),
    maxHandshakesPerAddress: part(config.maxHandshakesPerAddress),
    maxHandshakes: part(config.maxHandshakes),
    maxMemoryBytes: part(residentBound(config.maxMemoryBytes, memory)),
  };
}
