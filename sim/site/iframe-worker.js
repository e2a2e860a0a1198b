// Search runs in a worker, which browsers refuse to pages that are opened as files. There a hidden
// frame runs its script instead. Messages arrive later and as copies, as they do with a worker.
if (location.protocol === "file:") {
  window.Worker = class {
    #frame = document.createElement("iframe")
    #loaded
    onmessage = null
    onerror = null
    onmessageerror = null

    constructor(url) {
      this.#frame.hidden = true
      document.body.append(this.#frame)
      this.#frame.contentWindow.postMessage = message => {
        const data = structuredClone(message)
        setTimeout(() => this.onmessage?.({ data }))
      }
      const script = this.#frame.contentDocument.createElement("script")
      script.src = url
      this.#loaded = new Promise(resolve => script.onload = resolve)
      script.onerror = error => this.onerror?.(error)
      this.#frame.contentDocument.body.append(script)
    }

    postMessage(message) {
      const data = structuredClone(message)
      this.#loaded.then(() => setTimeout(() => this.#frame.contentWindow?.onmessage({ data })))
    }

    terminate() {
      this.#frame.remove()
    }
  }
}
