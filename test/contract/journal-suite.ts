import { suite } from 'node:test';
import { acknowledgementTests } from './journal-acks.ts';
import { openerOf, type JournalDriver } from './journal-driver.ts';
import { idTests, sharedIdTests } from './journal-ids.ts';
import { mailboxTests } from './journal-mailboxes.ts';
import { numberingTests } from './journal-numbering.ts';
import { retentionTests } from './journal-retention.ts';
import { retractionTests } from './journal-retractions.ts';
import { sharingTests } from './journal-sharing.ts';
import { survivalTests } from './journal-survival.ts';
import { tailTests } from './journal-tail.ts';

/** What every journal promises. */
export function journalSuite(driver: JournalDriver): void {
  const opener = openerOf(driver);
  const { survivesProcess, shared } = driver.guarantees;
  suite(`journal: ${driver.name}`, () => {
    numberingTests(opener, driver.guarantees);
    retentionTests(opener);
    mailboxTests(opener);
    tailTests(opener);
    idTests(opener);
    retractionTests(opener);
    acknowledgementTests(opener);
    if (survivesProcess) survivalTests(opener);
    if (shared) sharingTests(opener);
    if (shared) sharedIdTests(opener);
  });
}
