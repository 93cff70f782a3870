// Run while the image is built: node build/check-clients.ts "<majors>" "<versions that are accepted>"
// Ends with 1 where a client is missing, or has holes that a newer minor closes.
import { findClients } from '../src/postgres/clients.ts';
import { neededMinor } from '../src/postgres/fixed-minors.ts';

const [majors = [], accepted = []] = process.argv.slice(2).map((words) => words.split(' ').filter(Boolean));
const clients = await findClients(undefined, process.env['PATH']);
const faults = majors.flatMap((major) => {
  const client = clients.find((found) => found.major === Number(major));
  if (client === undefined) return [`there is no complete client ${major}`];
  process.stdout.write(`client ${client.version}, ${client.directory}\n`);
  const needed = neededMinor(client.version);
  if (needed === undefined || accepted.includes(client.version)) return [];
  return [
    `the client ${client.version} has holes that ${needed} closes; to take it even so: PG_ACCEPT_MINORS=${client.version}`,
  ];
});
if (majors.length === 0) faults.push('no major is named');
for (const fault of faults) process.stderr.write(`PostgreSQL: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
