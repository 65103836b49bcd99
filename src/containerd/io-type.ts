/** How containerd moves the input and output of a container. */
export enum IoType {
  /** Named pipes, containerd's default. */
  FIFO = 'fifo',

  /** The streaming API of the sandbox's endpoint. */
  STREAMING = 'streaming',
}
