import { simulateFleet } from '#swarm/sim'

/** Simulates the fleet that its argument (JSON) describes and prints the report. */
process.stdout.write(JSON.stringify(simulateFleet(JSON.parse(process.argv[2] ?? ''))))
