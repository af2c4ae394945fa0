//! Who may join, and what may be told of a node: PROTOCOL, section 4.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::protocol::membership::{NodeInfo, Register};
use crate::protocol::method::is_reserved;
use crate::protocol::{CallError, MethodInfo, PeerUrl, Secret};

/// Methods of one node.
pub const MAX_METHODS: usize = 1000;
/// Tags of one node.
pub const MAX_TAGS: usize = 64;
/// Bytes of a name: a method's, a tag's, an instance's.
pub const MAX_NAME: usize = 256;
/// Weight of one node.
pub const MAX_WEIGHT: u32 = 1000;

/// A registration that is well-formed and comes from where it may come from.
#[derive(Clone, Debug)]
pub struct Joining {
    /// Where the node says that it is.
    pub url: PeerUrl,
    /// Who it says that it is.
    pub instance: Option<String>,
    /// `None` until the node itself was asked for them.
    pub methods: Option<Arc<[MethodInfo]>>,
    /// It named its methods itself, and will register again when they change.
    pub declared: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its capacity.
    pub weight: u32,
    /// Its release.
    pub version: String,
}

/// Lets in who presents the token or, where none is configured, who is on a private network.
pub fn authorise(configured: Option<&Secret>, presented: Option<&Secret>, peer: IpAddr) -> Result<(), CallError> {
    match configured {
        Some(token) if presented.is_some_and(|presented| token.is(presented.expose().as_bytes())) => Ok(()),
        Some(_) => Err(CallError::Unauthorized),
        None if is_private(peer) => Ok(()),
        None => Err(refused(format!("{peer} is no loopback or private address, and no cluster token is configured"))),
    }
}

/// Checks what a node says when it registers.
pub fn check(params: Register, has_token: bool) -> Result<Joining, CallError> {
    let url = address(&params)?;
    match literal_host(&url) {
        Some(host) if host.is_unspecified() => return Err(refused(format!("{host} is no address to connect to"))),
        Some(host) if !has_token && !is_private(host) => {
            return Err(refused(format!(
                "{host} is no loopback or private address, and no cluster token is configured"
            )));
        }
        // A name is believed: who registers it is on a private network or has the token.
        _ => {}
    }
    if let Some(instance) = &params.instance {
        check_name("instance", instance)?;
    }
    if params.version.len() > MAX_NAME {
        return Err(too_long("version"));
    }
    if !(1..=MAX_WEIGHT).contains(&params.weight) {
        return Err(CallError::invalid_params("weight", format!("not between 1 and {MAX_WEIGHT}")));
    }
    if params.tags.len() > MAX_TAGS {
        return Err(CallError::invalid_params("tags", format!("more than {MAX_TAGS}")));
    }
    for (key, value) in &params.tags {
        check_name("tags", key)?;
        if value.len() > MAX_NAME {
            return Err(too_long("tags"));
        }
    }
    if let Some(methods) = &params.methods {
        if methods.len() > MAX_METHODS {
            return Err(CallError::invalid_params("methods", format!("more than {MAX_METHODS}")));
        }
        for method in methods {
            check_name("methods", &method.name)?;
            if is_reserved(&method.name) {
                return Err(CallError::invalid_params("methods", format!("{} is a reserved name", method.name)));
            }
        }
    }
    Ok(Joining {
        url,
        instance: params.instance,
        declared: params.methods.is_some(),
        methods: params.methods.map(distinct),
        tags: params.tags,
        weight: params.weight,
        version: params.version,
    })
}

/// Where the node says that it is. One that dials in is named by its own instance, which the link must confirm.
fn address(params: &Register) -> Result<PeerUrl, CallError> {
    if PeerUrl::says_dialled_in(&params.node_url) {
        let url = PeerUrl::dialled_in(params.instance.as_deref().unwrap_or_default()).map_err(refused)?;
        return match url.as_str() == params.node_url {
            true => Ok(url),
            false => Err(refused(format!("a node that dials in is {url}"))),
        };
    }
    if let Err(error) = url::Url::parse(params.node_url.trim()) {
        return Err(CallError::invalid_params("node_url", format!("not a URL: {error}")));
    }
    PeerUrl::parse(&params.node_url).map_err(refused)
}

/// Compares what the node at the URL says with what was said in its name.
pub fn confirm(joining: &mut Joining, info: NodeInfo, own_instance: &str) -> Result<(), CallError> {
    if info.instance == own_instance {
        return Err(refused("that is this orchestrator itself".into()));
    }
    let info = trim(info);
    if info.server_type != "node" || info.instance.is_empty() {
        return Err(refused(format!("{} does not answer _info as a node", joining.url)));
    }
    match &joining.instance {
        Some(claimed) if *claimed != info.instance => {
            return Err(refused(format!("{} answers as another instance", joining.url)));
        }
        _ => joining.instance = Some(info.instance),
    }
    if joining.methods.is_none() {
        // The short form tells nothing but the URL: the node speaks for itself in everything.
        joining.tags = info.tags;
        joining.weight = info.weight;
        joining.version = info.version;
        joining.methods = Some(distinct(info.methods));
    }
    Ok(())
}

/// Cuts what a node says of itself to what the orchestrator is ready to keep.
pub fn trim(mut info: NodeInfo) -> NodeInfo {
    let fits = |text: &String| text.len() <= MAX_NAME;
    info.methods.retain(|method| fits(&method.name) && !method.name.is_empty() && !is_reserved(&method.name));
    info.methods.truncate(MAX_METHODS);
    info.tags.retain(|key, value| fits(key) && fits(value));
    while info.tags.len() > MAX_TAGS {
        info.tags.pop_last();
    }
    info.weight = info.weight.clamp(1, MAX_WEIGHT);
    if !fits(&info.version) {
        info.version = String::new();
    }
    if !fits(&info.instance) {
        info.instance = String::new();
    }
    info
}

/// Without names that were given before; descriptions as long as names, since they are kept for people only.
pub fn distinct(methods: Vec<MethodInfo>) -> Arc<[MethodInfo]> {
    let mut seen = std::collections::HashSet::new();
    methods
        .into_iter()
        .filter(|method| seen.insert(method.name.clone()))
        .map(|mut method| {
            method.description = method.description.filter(|text| text.len() <= 4 * MAX_NAME);
            method
        })
        .collect()
}

/// Loopback, private (RFC 1918) and unique local (RFC 4193) addresses. Link-local ones are not among them: that is
/// where clouds keep their metadata servers.
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6 == Ipv6Addr::LOCALHOST || v6.segments()[0] & 0xfe00 == 0xfc00,
    }
}

/// The error of a registration that may not be.
pub fn refused(reason: String) -> CallError {
    CallError::RegistrationRefused { reason }
}

fn literal_host(url: &PeerUrl) -> Option<IpAddr> {
    match url::Url::parse(url.as_str()).ok()?.host()? {
        url::Host::Ipv4(v4) => Some(v4.into()),
        url::Host::Ipv6(v6) => Some(IpAddr::V6(v6).to_canonical()),
        url::Host::Domain(_) => None,
    }
}

fn check_name(parameter: &str, name: &str) -> Result<(), CallError> {
    if name.is_empty() {
        Err(CallError::invalid_params(parameter, "an empty name"))
    } else if name.len() > MAX_NAME {
        Err(too_long(parameter))
    } else {
        Ok(())
    }
}

fn too_long(parameter: &str) -> CallError {
    CallError::invalid_params(parameter, format!("longer than {MAX_NAME} bytes"))
}

#[cfg(test)]
mod tests;
