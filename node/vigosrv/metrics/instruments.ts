import { Instruments } from '#node/metrics'

/** Between a cached answer and a large crate on a slow machine. */
const COMPILE_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
const ANSWER_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]
const AGE_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200]

/** All metrics of the server but those of its process and its part in the swarm, in one place. */
export function declareServerMetrics(instruments = new Instruments()) {
  return {
    instruments,
    nodes: instruments.gauge({ name: 'vigo_nodes_total', help: 'Envoys of the fleet, revoked ones left out.' }),
    activeNodes: instruments.gauge({
      name: 'vigo_nodes_active_total',
      help: 'Envoys that were heard of within an hour.',
    }),
    connectedNodes: instruments.gauge({ name: 'vigo_nodes_connected', help: 'Envoys with an open stream.' }),
    envoys: instruments.gauge({
      name: 'vigo_envoys',
      help: 'Envoys by state, on three axes that are counted apart.',
      labels: {
        axis: 'status, drift, reachability',
        state: 'converged, degraded, failed, no-data; none, changed, diverged; online, stale, never-seen, elsewhere',
      },
    }),
    convergence: instruments.gauge({
      name: 'vigo_convergence_pct',
      help: 'Share of envoys whose last run converged, in percent; 100 for a fleet without envoys.',
    }),
    upToDate: instruments.gauge({
      name: 'vigo_envoys_up_to_date',
      help: 'Envoys whose last run was of the release that they should have, and converged.',
    }),
    checkins: instruments.counter({
      name: 'vigo_checkins_total',
      help: 'Check-ins by what they were answered with.',
      labels: { status: 'unchanged, bundle, no-bundle, refused' },
    }),
    checkinAge: instruments.histogram({
      name: 'vigo_checkin_age_seconds',
      help: 'How long ago each envoy was heard of, as it is now: all envoys are counted anew at each reading, so use it without rate().',
      buckets: AGE_SECONDS,
    }),
    transitions: instruments.counter({
      name: 'vigo_envoy_state_transitions_total',
      help: 'Changes of envoys on the axes of status and reachability.',
      labels: { transition: 'converged_to_failed, online_to_stale and so on' },
    }),
    runs: instruments.counter({
      name: 'vigo_runs_total',
      help: 'Runs that were reported, by how they ended.',
      labels: { outcome: 'converged, changed, degraded, failed', mode: 'enforce, dry-run' },
    }),
    compileSeconds: instruments.histogram({
      name: 'vigo_bundle_compile_seconds',
      help: 'Time to make the bundle of a host, parts that were made before included.',
      buckets: COMPILE_SECONDS,
    }),
    configVersion: instruments.gauge({
      name: 'vigo_config_version',
      help: 'Grows by one with each release that this process loaded.',
    }),
    configLoaded: instruments.gauge({
      name: 'vigo_config_loaded_timestamp_seconds',
      help: 'When the configuration in force was loaded, Unix seconds.',
    }),
    configProblem: instruments.gauge({
      name: 'vigo_config_problem',
      help: '1 while the live release cannot be used, else 0.',
    }),
    reloads: instruments.counter({
      name: 'vigo_config_reloads_total',
      help: 'Reloads by how they ended.',
      labels: { result: 'loaded, unchanged, refused' },
    }),
    releases: instruments.counter({
      name: 'vigo_releases_total',
      help: 'Releases in the history by kind; a roll back is one, whoever made it.',
      labels: { kind: 'publish, rollback, promote' },
    }),
    verdicts: instruments.gauge({
      name: 'vigo_rollout_verdicts',
      help: 'The last hundred verdicts of the monitor by what they say.',
      labels: { verdict: 'healthy, rollback, inconclusive, error' },
    }),
    rollbacks: instruments.counter({
      name: 'vigo_rollbacks_total',
      help: 'Releases that were rolled back, by people or by the monitor.',
    }),
    staged: instruments.gauge({
      name: 'vigo_rollout_staged',
      help: '1 while a release is with canaries only, else 0.',
    }),
    bolts: instruments.gauge({
      name: 'vigo_spanner_bolts',
      help: 'Servers that share the configuration: those of the fleet, those that this one reaches, those that have in force what it has.',
      labels: { state: 'known, connected, following' },
    }),
    boltLag: instruments.gauge({
      name: 'vigo_spanner_lag_seconds',
      help: 'For how long the server that has been behind for longest does not have what is in force here; 0 when all follow.',
    }),
    stacksHeads: instruments.gauge({
      name: 'vigo_spanner_heads',
      help: 'Ends of the history of the stacks; more than one when servers published without seeing each other.',
    }),
    diverged: instruments.gauge({
      name: 'vigo_spanner_diverged',
      help: '1 while somebody must say which of several heads holds, else 0.',
    }),
    notFollowing: instruments.gauge({
      name: 'vigo_spanner_behind',
      help: '1 while the newest release is not in force on this server, else 0.',
    }),
    projectsDiverged: instruments.gauge({
      name: 'vigo_gitback_projects_diverged',
      help: 'Git projects that this server keeps and that have a branch with several heads.',
    }),
    tasks: instruments.counter({
      name: 'vigo_tasks_total',
      help: 'Tasks that ended since the start, by how.',
      labels: { state: 'succeeded, failed, aborted' },
    }),
    tasksRunning: instruments.gauge({ name: 'vigo_tasks_running', help: 'Tasks under way.' }),
    answers: instruments.counter({
      name: 'vigo_http_requests_total',
      help: 'Requests to REST, dashboard and metrics; the route is a pattern, and empty for paths that nothing answers.',
      labels: {
        method: 'GET, POST and others',
        route: '/api/v1/envoys/:envoy and others',
        status: '200, 404 and others',
      },
    }),
    answerSeconds: instruments.histogram({
      name: 'vigo_http_request_seconds',
      help: 'Time from a request to its answer; live pages and other streams are left out.',
      buckets: ANSWER_SECONDS,
    }),
    database: instruments.gauge({ name: 'vigo_database_size_bytes', help: 'Size of the database on disk.' }),
  }
}

export type ServerInstruments = ReturnType<typeof declareServerMetrics>
