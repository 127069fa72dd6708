# Tillside as one static binary, and the sandbox for demos as an image of its own (--target sandbox).
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/ ./cmd/tillside ./cmd/sandbox

FROM alpine:3.22 AS sandbox
COPY --from=build /out/sandbox /sandbox
USER 65532:65532
EXPOSE 8083
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8083/healthz"]
ENTRYPOINT ["/sandbox"]
CMD ["--listen", "0.0.0.0:8083"]

FROM scratch AS tillside
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/tillside /tillside
USER 65532:65532
ENV TILLSIDE_LISTEN=0.0.0.0:8081 TILLSIDE_PRIVATE_LISTEN=127.0.0.1:8082
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/tillside", "doctor", "--live"]
ENTRYPOINT ["/tillside"]
CMD ["serve"]
