export { detailsOffline, logsOffline, selectOffline, viewOffline } from '../client/offline.ts';
