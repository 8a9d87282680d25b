export { detailsOffline, logsOffline, selectOffline, viewOffline } from '../client/offline.ts';
export { selectProcesses } from '../protocol/select.ts';
