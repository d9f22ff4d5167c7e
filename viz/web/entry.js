// The two names the page uses; everything else is left out of the bundle.
export { Network } from "vis-network/esnext";
export { DataSet } from "vis-data/esnext";
